using Metering.EventLog.Embedded;
using Microsoft.Extensions.Logging.Abstractions;

namespace Metering.EventLog.Tests.Embedded;

/// <summary>The contract on the embedded log, with the default sizes.</summary>
public sealed class EmbeddedEventLogContract : EventLogContract
{
    private readonly TempFolder _folder = new();

    protected override int MaxRecordBytes => 1 << 20;

    protected override Task<IEventLog> OpenLogAsync() => Task.FromResult<IEventLog>(
        EmbeddedEventLog.Open(new EmbeddedEventLogOptions { DataDirectory = _folder.Path }, TimeProvider.System, NullLoggerFactory.Instance));

    protected override Task DeleteTopicAsync(string name)
    {
        Directory.Delete(Path.Combine(_folder.Path, "topics", name), recursive: true);
        return Task.CompletedTask;
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        _folder.Dispose();
    }
}

/// <summary>The contract with a log so small that every test crosses pages, the buffer and segments, and reads from disk.</summary>
public sealed class SmallEmbeddedEventLogContract : EventLogContract
{
    private readonly TempFolder _folder = new();

    protected override int MaxRecordBytes => 6000;

    protected override Task<IEventLog> OpenLogAsync() =>
        Task.FromResult<IEventLog>(EmbeddedEventLog.Open(SmallLog.Options(_folder.Path), TimeProvider.System, NullLoggerFactory.Instance));

    protected override Task DeleteTopicAsync(string name)
    {
        Directory.Delete(Path.Combine(_folder.Path, "topics", name), recursive: true);
        return Task.CompletedTask;
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        _folder.Dispose();
    }
}
