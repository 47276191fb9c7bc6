using System.Diagnostics;
using Metering.EventLog.Embedded;

namespace Metering.EventLog.Tests.Embedded;

/// <summary>Prints what the log does on this disk: <c>dotnet run --project tests/Metering.EventLog.Tests -- throughput FOLDER</c>. Asserts nothing.</summary>
internal static class Throughput
{
    private const int ValueBytes = 120;

    public static async Task<int> RunAsync(string folder)
    {
        await using EmbeddedEventLog log = LogUse.Open(new EmbeddedEventLogOptions { DataDirectory = folder });
        ITopic topic = await log.OpenAsync(LogUse.Topic, CancellationToken.None);
        await LoneAsync(topic, 50, print: false);
        await LoneAsync(topic, 300, print: true);
        await GroupsAsync(topic, threads: 4, batches: 100, print: false);
        await GroupsAsync(topic, threads: 4, batches: 800, print: true);
        await GroupsAsync(topic, threads: 1, batches: 800, print: true);
        await ScanAsync(topic);
        await ScanAsync(topic);
        return 0;
    }

    private static async Task LoneAsync(ITopic topic, int count, bool print)
    {
        List<double> times = [];
        for (int i = 0; i < count; i++)
        {
            long start = Stopwatch.GetTimestamp();
            await topic.AppendAsync(i % 4, "a lone record");
            times.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        }

        times.Sort();
        if (print)
        {
            Console.WriteLine($"lone append: p50 {times[count / 2]:F2} ms, p99 {times[count * 99 / 100]:F2} ms");
        }
    }

    private static async Task GroupsAsync(ITopic topic, int threads, int batches, bool print)
    {
        long start = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, threads).Select(_ => Task.Run(() => AppendAsync(topic, batches))));
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        if (print)
        {
            Console.WriteLine($"append, {threads} threads, batches of 1000 x {ValueBytes} bytes: {threads * batches * 1000 / seconds:N0} records/s");
        }
    }

    private static async Task AppendAsync(ITopic topic, int batches)
    {
        using AppendBatch batch = new();
        for (int i = 0; i < 1000; i++)
        {
            batch.GetSpan(ValueBytes)[..ValueBytes].Fill((byte)i);
            batch.Advance(ValueBytes);
            batch.EndRecord(i % 4);
        }

        for (int b = 0; b < batches; b++)
        {
            await topic.AppendAsync(batch, CancellationToken.None);
            if (!batch.Result(999).IsDurable)
            {
                throw new InvalidOperationException(batch.Result(999).Failure);
            }
        }
    }

    private static async Task ScanAsync(ITopic topic)
    {
        await using ILogReader reader = await topic.OpenReaderAsync(topic.FromStart(), CancellationToken.None);
        long start = Stopwatch.GetTimestamp();
        long count = 0;
        while (await reader.ReadAsync(10_000, 4 << 20, TimeSpan.Zero, CancellationToken.None) is { Count: > 0 } records)
        {
            count += records.Count;
        }

        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        Console.WriteLine($"scan of {count:N0} records, mostly from disk: {count / seconds:N0} records/s");
    }
}
