using System.Diagnostics;
using Metering.EventLog.Kafka;
using Metering.Testing.Kafka;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Metering.EventLog.Tests.Kafka;

/// <summary>A mock cluster with one topic and the log on it, for tests that break things.</summary>
internal sealed class MockLog : IAsyncDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(20);

    private MockLog(MockCluster cluster, KafkaEventLog log, ITopic topic)
    {
        Cluster = cluster;
        Log = log;
        Topic = topic;
    }

    public MockCluster Cluster { get; }

    public KafkaEventLog Log { get; }

    public ITopic Topic { get; }

    public static async Task<MockLog> OpenAsync(int partitions = 2, TimeSpan? deliveryTimeout = null, int queuedRecords = 200_000)
    {
        MockCluster cluster = new(brokers: 2);
        cluster.CreateTopic("faults", partitions);
        KafkaEventLog log = KafkaEventLog.Open(MockOptions.For(cluster, deliveryTimeout, queuedRecords), TimeProvider.System, NullLoggerFactory.Instance);
        return new MockLog(cluster, log, await log.OpenAsync(new TopicSpec("faults", partitions), default));
    }

    /// <summary>Appends numbered records, spread over the partitions.</summary>
    public async Task<AppendResult[]> AppendAsync(int count, int first = 0)
    {
        using AppendBatch batch = new();
        for (int i = 0; i < count; i++)
        {
            BitConverter.TryWriteBytes(batch.GetSpan(sizeof(int)), first + i);
            batch.Advance(sizeof(int));
            batch.EndRecord(i % Topic.PartitionCount);
        }

        await Topic.AppendAsync(batch, TestContext.Current.CancellationToken);
        return [.. Enumerable.Range(0, count).Select(batch.Result)];
    }

    /// <summary>Whatever is in the log now: partition, offset, number.</summary>
    public async Task<List<(int Partition, long Offset, int Number)>> ReadAllAsync()
    {
        long[] highs = new long[Topic.PartitionCount];
        for (int i = 0; i < highs.Length; i++)
        {
            highs[i] = (await Topic.GetRangeAsync(i, default)).High;
        }

        List<(int, long, int)> all = [];
        await using ILogReader reader = await Topic.OpenReaderAsync([.. Enumerable.Range(0, highs.Length).Select(p => new PartitionOffset(p, 0))], default);
        long[] next = [.. highs.Select(_ => 1L)];
        Stopwatch clock = Stopwatch.StartNew();
        while (next.Zip(highs).Any(one => one.First < one.Second))
        {
            Assert.True(clock.Elapsed < s_patience, "The log is not read to its end.");
            foreach (LogRecord record in await reader.ReadAsync(1000, 1 << 20, TimeSpan.FromMilliseconds(200), default))
            {
                next[record.Partition] = record.Offset + 1;
                all.Add((record.Partition, record.Offset, BitConverter.ToInt32(record.Value.Span)));
            }
        }

        return all;
    }

    /// <summary>No false acknowledgement: every record called durable is where its result says.</summary>
    public async Task AssertAcknowledgedAreThereAsync(AppendResult[] results, int first = 0)
    {
        HashSet<(int, long, int)> there = [.. await ReadAllAsync()];
        for (int i = 0; i < results.Length; i++)
        {
            if (results[i].IsDurable)
            {
                Assert.Contains((i % Topic.PartitionCount, results[i].Offset, first + i), there);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Log.DisposeAsync();
        Cluster.Dispose();
    }
}
