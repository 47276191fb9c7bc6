using System.Buffers;
using Metering.Aggregator.Flushing;
using Metering.Aggregator.Telemetry;
using Metering.Contracts;
using Metering.EventLog;
using Metering.Storage.Postgres.Generations;
using Microsoft.Extensions.Logging;

namespace Metering.Aggregator.Generations;

/// <summary>
/// Moves what still reaches the topic of a closed generation to the newest one: a process that has not learnt of the growth yet acknowledges into the
/// old topic, and what is acknowledged is counted. At least once, because a copy is a duplicate of its own identity wherever it comes from.
/// </summary>
internal sealed class Stragglers(UsageLog log, LogGenerations generations, AggregatorMetrics metrics, AggregatorOptions options, TimeProvider time, ILogger<Stragglers> logger) : IStragglers
{
    private static readonly TimeSpan s_wait = TimeSpan.FromSeconds(1);

    public async Task MoveAsync(CancellationToken cancellationToken)
    {
        IReadOnlyList<ClosedGeneration> closed = await generations.ClosedAsync(cancellationToken);
        await Task.WhenAll(closed.Select(one => KeepMovingAsync(one.Generation.Number, cancellationToken)));
        await Task.Delay(Timeout.InfiniteTimeSpan, time, cancellationToken);
    }

    private async Task KeepMovingAsync(int number, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                ClosedGeneration closed = (await generations.ClosedAsync(cancellationToken)).Single(one => one.Generation.Number == number);
                await MoveAsync(closed, cancellationToken);
                return;
            }
            catch (Exception problem) when (problem is not OperationCanceledException)
            {
                AggregatorLog.TaskFailed(logger, $"Moving what came late to generation {number} of the log", problem.Message, problem);
            }

            await Task.Delay(s_wait, time, cancellationToken);
        }
    }

    /// <summary>Returns when the old topic was deleted: nothing can reach it any more.</summary>
    private async Task MoveAsync(ClosedGeneration closed, CancellationToken cancellationToken)
    {
        LogGeneration generation = closed.Generation;
        ITopic old;
        try
        {
            old = await log.Log.OpenAsync(new TopicSpec(generation.Topic, generation.Partitions, log.Retention) { MustExist = true }, cancellationToken);
        }
        catch (TopicMissingException)
        {
            return;
        }

        await using (old)
        {
            if (old.Id == closed.TopicId)
            {
                await MoveAsync(closed, new NumberedTopic(old, generation), cancellationToken);
            }
        }
    }

    private async Task MoveAsync(ClosedGeneration closed, NumberedTopic old, CancellationToken cancellationToken)
    {
        await using ILogReader reader = await old.OpenReaderAsync(
            [.. closed.Moved.Select((moved, i) => new PartitionOffset(closed.Generation.FirstPart + i, moved + 1))], cancellationToken);
        using AppendBatch batch = new();
        Dictionary<int, long> upto = [];
        while (true)
        {
            batch.Reset();
            upto.Clear();
            foreach (LogRecord record in await reader.ReadAsync(options.FlushRecords, options.FlushBytes, s_wait, cancellationToken))
            {
                upto[record.Partition] = record.Offset;
                if (!TickRecord.Is(record.Value.Span))
                {
                    batch.Write(record.Value.Span);
                    batch.EndRecord(PartitionOf(record));
                }
            }

            await AppendAsync(batch, cancellationToken);
            foreach ((int part, long offset) in upto)
            {
                await generations.MovedAsync(closed.Generation, part, offset, cancellationToken);
            }

            metrics.Moved(batch.Count);
        }
    }

    /// <summary>Where its copies are. What is no event becomes a dead letter in any partition.</summary>
    private int PartitionOf(LogRecord record) =>
        UsageRecordCodec.TryRead(record.Value.Span, out UsageRecord usage, out _)
            ? EventIdentity.Of(usage.Tenant, usage.Source, usage.Id).Partition(log.Topic.PartitionCount)
            : record.Partition % log.Topic.PartitionCount;

    private async Task AppendAsync(AppendBatch batch, CancellationToken cancellationToken)
    {
        if (batch.Count == 0)
        {
            return;
        }

        await log.Topic.AppendAsync(batch, cancellationToken);
        for (int i = 0; i < batch.Count; i++)
        {
            if (!batch.Result(i).IsDurable)
            {
                throw new EventLogUnavailableException($"The log refused a record: {batch.Result(i).Failure}");
            }
        }
    }
}
