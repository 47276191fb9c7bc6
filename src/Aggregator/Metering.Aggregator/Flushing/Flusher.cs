using System.Diagnostics;
using Metering.Aggregator.Deduplication;
using Metering.Aggregator.Engine.Flushing;
using Metering.Aggregator.Partitions;
using Metering.Aggregator.Telemetry;
using Microsoft.Extensions.Logging;

namespace Metering.Aggregator.Flushing;

/// <summary>
/// Takes a built flush through the protocol: recorded as pending, inserted, verified if there was any doubt, confirmed, shown to readers. Each
/// step is repeated until its outcome is known; being cut off between any two of them is repaired by sending the same rows again.
/// </summary>
internal sealed class Flusher(IPartitionStore store, FlushSink sink, DeduplicatorLoader cache, Retry retry, AggregatorOptions options, AggregatorMetrics metrics, ILogger<Flusher> logger)
{
    /// <param name="inDoubt">A former owner may have sent the rows already, so they are counted afterwards.</param>
    /// <exception cref="PartitionLostException">Another owner has one of the partitions.</exception>
    /// <exception cref="PartitionStoppedException">What is in ClickHouse is not what was sent.</exception>
    public async Task SendAsync(IReadOnlyList<(OwnedPartition Owner, Flush Flush)> built, bool inDoubt, CancellationToken cancellationToken)
    {
        long started = Stopwatch.GetTimestamp();
        NumberedFlush[] flushes = [.. built.Select(one => new NumberedFlush(one.Flush, one.Owner.FlushNo + 1))];
        FlushStep[] steps = [.. built.Select(one => FlushStep.Of(one.Flush, one.Owner.Epoch, one.Owner.FlushNo + 1))];
        CheckHeld(steps, await retry.ExecuteAsync(async token => await store.BeginAsync(steps, token), cancellationToken));
        await InsertAsync(flushes, inDoubt, cancellationToken);
        CheckHeld(steps, await retry.ExecuteAsync(async token => await store.ConfirmAsync(steps, token), cancellationToken));
        foreach ((OwnedPartition owner, Flush flush) in built)
        {
            owner.Confirm(flush);
        }

        await retry.ExecuteAsync(async token => await sink.MarkAsync(steps.Select(step => (step.Part, step.Hi)), token), cancellationToken);
        foreach ((OwnedPartition owner, _) in built)
        {
            Trim(owner);
        }

        TimeSpan elapsed = Stopwatch.GetElapsedTime(started);
        metrics.Flushed(built.Select(one => one.Flush), elapsed);
        AggregatorLog.Flushed(logger, built.Sum(one => one.Flush.Records), built.Count, elapsed);
    }

    private async Task InsertAsync(NumberedFlush[] flushes, bool inDoubt, CancellationToken cancellationToken)
    {
        int attempts = 0;
        await retry.ExecuteAsync(
            async token =>
            {
                attempts++;
                await sink.InsertAsync(flushes, token);
            },
            cancellationToken);
        if (inDoubt || attempts > 1)
        {
            foreach (NumberedFlush flush in flushes)
            {
                await retry.ExecuteAsync(async token => await sink.VerifyAsync(flush.Flush, token), cancellationToken);
            }
        }
    }

    /// <summary>Between two flushes, when all that is in memory is confirmed, old identities leave and many move to a file.</summary>
    private void Trim(OwnedPartition owner)
    {
        long before = owner.Clock.ToUnixTimeMilliseconds() - (long)(options.Horizon + AggregatorOptions.AppendTimeSlack).TotalMilliseconds;
        DeduplicatorLoader.Delete(owner.Deduplicator.Expire(before));
        if (owner.Deduplicator.ActiveCount >= options.ActiveIdentities)
        {
            cache.WriteSegment(owner.Deduplicator, new SegmentStamp(owner.Part, owner.FirstActiveFlush, owner.FlushNo, owner.Confirmed, 0, default));
            owner.FirstActiveFlush = owner.FlushNo + 1;
        }
    }

    private static void CheckHeld(FlushStep[] steps, IReadOnlySet<int> held)
    {
        foreach (FlushStep step in steps)
        {
            if (!held.Contains(step.Part))
            {
                throw new PartitionLostException(step.Part);
            }
        }
    }
}
