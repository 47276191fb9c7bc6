using System.Globalization;
using Metering.EventLog.Embedded;
using Xunit;

namespace Metering.EventLog.Tests.Embedded;

public sealed class EmbeddedEventLogTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_second_instance_is_told_the_folder_and_the_owner()
    {
        await using (LogUse.Open(SmallLog.Options(_folder.Path)))
        {
            EventLogUnavailableException e = Assert.Throws<EventLogUnavailableException>(() => LogUse.Open(SmallLog.Options(_folder.Path)));
            Assert.Contains(_folder.Path, e.Message, StringComparison.Ordinal);
            Assert.Contains(Environment.ProcessId.ToString(CultureInfo.InvariantCulture), e.Message, StringComparison.Ordinal);
        }

        await using EmbeddedEventLog free = LogUse.Open(SmallLog.Options(_folder.Path));
    }

    [Fact]
    public async Task Concurrent_appends_share_a_sync()
    {
        TestDiskIo io = new() { FlushTime = TimeSpan.FromMilliseconds(5) };
        await using EmbeddedEventLog log = LogUse.Open(SmallLog.Options(_folder.Path), io);
        ITopic topic = await log.OpenAsync(LogUse.Topic, CancellationToken.None);
        AppendResult[] results = await Task.WhenAll(Enumerable.Range(0, 400).Select(i => Task.Run(() => topic.AppendAsync(i % 4, $"{i}"))));
        Assert.All(results, r => Assert.True(r.IsDurable));
        Assert.InRange(io.Flushes, 1, 60);
    }

    [Fact]
    public async Task A_commit_delay_gathers_appends_that_come_one_after_another()
    {
        TestDiskIo io = new();
        EmbeddedEventLogOptions options = new() { DataDirectory = _folder.Path, CommitDelay = TimeSpan.FromMilliseconds(300) };
        await using EmbeddedEventLog log = LogUse.Open(options, io);
        ITopic topic = await log.OpenAsync(LogUse.Topic, CancellationToken.None);
        List<Task> appends = [];
        for (int i = 0; i < 10; i++)
        {
            appends.Add(topic.AppendAsync(0, $"{i}"));
            await Task.Delay(5, TestContext.Current.CancellationToken);
        }

        await Task.WhenAll(appends);
        Assert.InRange(io.Flushes, 1, 3);
    }

    [Fact]
    public async Task Append_times_never_go_back_even_over_a_restart()
    {
        ManualTime time = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
        List<long> times = [];
        for (int run = 0; run < 3; run++)
        {
            await using EmbeddedEventLog log = LogUse.Open(SmallLog.Options(_folder.Path), time: time);
            ITopic topic = await log.OpenAsync(LogUse.Topic, CancellationToken.None);
            for (int i = 0; i < 5; i++)
            {
                times.Add((await topic.AppendAsync(i % 4, "x")).AppendTimeMs);
                time.Advance(TimeSpan.FromMinutes(i == 3 ? -60 : 1));
            }
        }

        Assert.Equal(times.Order(), times);
    }

    [Fact]
    public async Task Closing_finishes_what_was_asked_and_refuses_what_comes_later()
    {
        TestDiskIo io = new() { FlushTime = TimeSpan.FromMilliseconds(20) };
        EmbeddedEventLog log = LogUse.Open(SmallLog.Options(_folder.Path), io);
        ITopic topic = await log.OpenAsync(LogUse.Topic, CancellationToken.None);
        await using ILogReader reader = await topic.OpenReaderAsync(topic.FromStart(), CancellationToken.None);
        Task<AppendResult>[] appends = [.. Enumerable.Range(0, 20).Select(i => topic.AppendAsync(i % 4, $"{i}"))];
        await reader.ReadToEndAsync();
        await log.DisposeAsync();
        Assert.All(await Task.WhenAll(appends), r => Assert.True(r.IsDurable));
        await Assert.ThrowsAnyAsync<ObjectDisposedException>(() => topic.AppendAsync(0, "late"));
        await Assert.ThrowsAnyAsync<ObjectDisposedException>(async () => await reader.ReadAsync(1, 1, TimeSpan.FromSeconds(10), CancellationToken.None));
        await Assert.ThrowsAnyAsync<ObjectDisposedException>(() => log.OpenAsync(LogUse.Topic, CancellationToken.None));
    }

    [Fact]
    public async Task Closing_wakes_a_waiting_reader()
    {
        EmbeddedEventLog log = LogUse.Open(SmallLog.Options(_folder.Path));
        ITopic topic = await log.OpenAsync(LogUse.Topic, CancellationToken.None);
        await using ILogReader reader = await topic.OpenReaderAsync(topic.FromStart(), CancellationToken.None);
        Task waiting = reader.ReadAsync(1, 1, TimeSpan.FromMinutes(5), CancellationToken.None).AsTask();
        await log.DisposeAsync();
        await Assert.ThrowsAnyAsync<ObjectDisposedException>(() => waiting.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Page_and_segment_sizes_are_fixed_in_the_life_of_a_topic()
    {
        await using (EmbeddedEventLog log = LogUse.Open(SmallLog.Options(_folder.Path)))
        {
            await log.OpenAsync(LogUse.Topic, CancellationToken.None);
        }

        await using EmbeddedEventLog other = LogUse.Open(new EmbeddedEventLogOptions { DataDirectory = _folder.Path });
        await Assert.ThrowsAsync<EventLogUnavailableException>(() => other.OpenAsync(LogUse.Topic, CancellationToken.None));
    }

    [Fact]
    public void Options_out_of_bounds_are_named()
    {
        EmbeddedEventLogOptions options = new() { DataDirectory = _folder.Path, PageBytes = 5000 };
        ArgumentException e = Assert.Throws<ArgumentException>(() => LogUse.Open(options));
        Assert.Contains("PageBytes", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_log_of_many_pages_is_read_from_disk_and_memory_alike()
    {
        List<Stored> appended = [];
        await using EmbeddedEventLog log = LogUse.Open(SmallLog.Options(_folder.Path));
        ITopic topic = await log.OpenAsync(LogUse.Topic, CancellationToken.None);
        using AppendBatch batch = new();
        for (int b = 0; b < 200; b++)
        {
            batch.Reset();
            for (int i = 0; i < 20; i++)
            {
                batch.Add(i % 4, $"{b}:{i}:{new string('y', (b + (i * 31)) % 900)}");
            }

            await topic.AppendAsync(batch, CancellationToken.None);
            for (int i = 0; i < 20; i++)
            {
                AppendResult r = batch.Result(i);
                appended.Add(new Stored(i % 4, r.Offset, r.AppendTimeMs, $"{b}:{i}:{new string('y', (b + (i * 31)) % 900)}"));
            }
        }

        Assert.Equal(appended, await topic.ReadAllAsync());
        for (int i = 0; i < appended.Count; i += 397)
        {
            await using ILogReader reader = await topic.OpenReaderAsync([.. Enumerable.Range(0, 4).Select(p => new PartitionOffset(p, appended[i].Offset))], CancellationToken.None);
            Assert.Equal(appended[i..], await reader.ReadToEndAsync());
        }
    }
}
