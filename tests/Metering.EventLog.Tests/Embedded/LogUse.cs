using System.Diagnostics;
using System.Text;
using Metering.EventLog.Embedded;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Metering.EventLog.Tests.Embedded;

/// <summary>A record as the tests of the embedded log compare it.</summary>
internal readonly record struct Stored(int Partition, long Offset, long AppendTimeMs, string Value);

/// <summary>The few things every test of the embedded log does.</summary>
internal static class LogUse
{
    public static readonly TopicSpec Topic = new("usage.events", 4);

    public static EmbeddedEventLog Open(EmbeddedEventLogOptions options, IDiskIo? io = null, TimeProvider? time = null) =>
        EmbeddedEventLog.Open(options, time ?? TimeProvider.System, NullLoggerFactory.Instance, io ?? DiskIo.Instance);

    public static void Add(this AppendBatch batch, int partition, string value)
    {
        int length = Encoding.UTF8.GetBytes(value, batch.GetSpan(value.Length * 3));
        batch.Advance(length);
        batch.EndRecord(partition);
    }

    public static async Task<AppendResult> AppendAsync(this ITopic topic, int partition, string value)
    {
        using AppendBatch batch = new();
        batch.Add(partition, value);
        await topic.AppendAsync(batch, CancellationToken.None);
        return batch.Result(0);
    }

    public static PartitionOffset[] FromStart(this ITopic topic) => [.. Enumerable.Range(0, topic.PartitionCount).Select(p => new PartitionOffset(p, 0))];

    /// <summary>Everything there is from the reader's position on.</summary>
    public static async Task<List<Stored>> ReadToEndAsync(this ILogReader reader, List<Stored>? into = null)
    {
        List<Stored> stored = into ?? [];
        while (await reader.ReadAsync(1000, 1 << 20, TimeSpan.Zero, CancellationToken.None) is { Count: > 0 } records)
        {
            stored.AddRange(records.Select(r => new Stored(r.Partition, r.Offset, r.AppendTimeMs, Encoding.UTF8.GetString(r.Value.Span))));
        }

        return stored;
    }

    public static async Task<List<Stored>> ReadAllAsync(this ITopic topic)
    {
        await using ILogReader reader = await topic.OpenReaderAsync(topic.FromStart(), CancellationToken.None);
        return await reader.ReadToEndAsync();
    }

    public static void CopyFolder(string from, string to)
    {
        foreach (string file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            if (Path.GetFileName(file) == "lock")
            {
                continue;
            }

            string target = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            using FileStream source = new(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            using FileStream copy = File.Create(target);
            source.CopyTo(copy);
        }
    }

    public static async Task<bool> EventuallyAsync(Func<Task<bool>> holds)
    {
        Stopwatch clock = Stopwatch.StartNew();
        while (clock.Elapsed < TimeSpan.FromSeconds(20))
        {
            if (await holds())
            {
                return true;
            }

            await Task.Delay(20, TestContext.Current.CancellationToken);
        }

        return false;
    }
}
