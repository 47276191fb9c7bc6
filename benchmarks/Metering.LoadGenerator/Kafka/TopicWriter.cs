using System.Diagnostics;
using Metering.EventLog;

namespace Metering.LoadGenerator.Kafka;

/// <summary>Fills the topic as several ingesting processes would: batches of a thousand, some on their way at a time, every result read.</summary>
internal static class TopicWriter
{
    private const int BatchRecords = 1000;
    private const int Writers = 16;

    /// <returns>How long it took until the last event was acknowledged.</returns>
    /// <exception cref="IOException">The topic has records already, refuses some, or has dropped some since.</exception>
    public static async Task<TimeSpan> WriteAsync(ITopic topic, SampleUsage usage, CancellationToken cancellationToken)
    {
        Require(await CountAsync(topic, cancellationToken) is (true, 0), "The topic has records already.");
        long taken = -1;
        long started = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, Writers).Select(_ => Task.Run(
            async () =>
            {
                using AppendBatch batch = new();
                while (Interlocked.Increment(ref taken) * BatchRecords is var first && first < usage.Count)
                {
                    await AppendAsync(topic, usage, first, batch, cancellationToken);
                }
            },
            cancellationToken)));
        TimeSpan acknowledged = Stopwatch.GetElapsedTime(started);
        Require(
            await CountAsync(topic, cancellationToken) == (true, usage.Count),
            "The topic does not hold what was acknowledged: a mock broker keeps about 5 MB of a partition, so take more partitions or fewer events.");
        return acknowledged;
    }

    private static async Task AppendAsync(ITopic topic, SampleUsage usage, long first, AppendBatch batch, CancellationToken cancellationToken)
    {
        batch.Reset();
        for (long number = first; number < Math.Min(first + BatchRecords, usage.Count); number++)
        {
            usage.Append(number, batch, topic.PartitionCount);
        }

        await topic.AppendAsync(batch, cancellationToken);
        for (int i = 0; i < batch.Count; i++)
        {
            Require(batch.Result(i).IsDurable, $"Refused: {batch.Result(i).Failure}");
        }
    }

    /// <summary>Whether everything ever written is still there, and how much that is. Kafka's offsets of records without transactions are dense.</summary>
    private static async Task<(bool IsWhole, long Records)> CountAsync(ITopic topic, CancellationToken cancellationToken)
    {
        const long First = 1;
        bool isWhole = true;
        long records = 0;
        for (int partition = 0; partition < topic.PartitionCount; partition++)
        {
            OffsetRange range = await topic.GetRangeAsync(partition, cancellationToken);
            isWhole &= range.Low == First;
            records += range.High - range.Low;
        }

        return (isWhole, records);
    }

    private static void Require(bool holds, string otherwise)
    {
        if (!holds)
        {
            throw new IOException(otherwise);
        }
    }
}
