using Metering.Billing.Postgres.Jobs;
using Metering.Billing.Postgres.Outbox;
using Metering.Contracts;
using Metering.EventLog;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Metering.BillingCore.Outbox;

/// <summary>
/// Brings the messages of the outbox into the log: at least once, and those of one aggregate in their order. A batch has at most one message of an aggregate, and the next
/// one follows only when it is durable, so a batch that the log takes in part leaves no message before an earlier one. A relay that dies between the log and the mark
/// leaves copies; consumers know them by their ids.
/// </summary>
internal sealed partial class OutboxRelay(ITopic topic, OutboxQueue queue, IOptions<BillingOptions> options, TimeProvider time, BillingMetrics metrics, ILogger<OutboxRelay> logger)
{
    public const string Job = "outbox-relay";

    private const int BatchSize = 500;
    private const int DropSize = 1000;
    private static readonly TimeSpan s_backlogInterval = TimeSpan.FromSeconds(10);

    private DateTimeOffset _nextBacklog;

    /// <returns>True when there is more to do at once.</returns>
    public async Task<bool> StepAsync(Ownership mine, CancellationToken cancellationToken)
    {
        IReadOnlyList<PendingMessage> pending = await queue.PendingAsync(BatchSize, cancellationToken);
        List<PendingMessage> relayed = await AppendAsync(pending, cancellationToken);
        if (relayed.Count > 0)
        {
            await queue.MarkAsync(mine, relayed, time.GetUtcNow(), cancellationToken);
        }

        metrics.Relayed(relayed.Count, pending.Count - relayed.Count);
        await TidyAsync(mine, cancellationToken);
        return pending.Count == BatchSize && relayed.Count == pending.Count;
    }

    /// <returns>Those that are durable in the log.</returns>
    private async Task<List<PendingMessage>> AppendAsync(IReadOnlyList<PendingMessage> pending, CancellationToken cancellationToken)
    {
        List<PendingMessage> durable = [];
        List<Queue<PendingMessage>> aggregates = [.. pending.GroupBy(one => (one.Tenant, one.Aggregate)).Select(group => new Queue<PendingMessage>(group))];
        using AppendBatch batch = new();
        while (aggregates.Count > 0)
        {
            batch.Reset();
            foreach (Queue<PendingMessage> aggregate in aggregates)
            {
                Write(aggregate.Peek(), batch);
            }

            await topic.AppendAsync(batch, cancellationToken);
            List<Queue<PendingMessage>> next = [];
            for (int i = 0; i < aggregates.Count; i++)
            {
                if (batch.Result(i).IsDurable)
                {
                    durable.Add(aggregates[i].Dequeue());
                    next.AddRange(aggregates[i].Count > 0 ? [aggregates[i]] : []);
                }
                else
                {
                    // Nothing of the aggregate goes before it.
                    LogRefused(aggregates[i].Peek().Id, batch.Result(i).Failure ?? "no answer");
                }
            }

            aggregates = next;
        }

        return durable;
    }

    private void Write(PendingMessage message, AppendBatch batch)
    {
        BillingMessage record = new(message.Tenant, message.Id.ToString(), message.Aggregate, message.Type, message.CreatedAt, message.Body);
        record.Write(batch);
        batch.EndRecord(record.Partition(topic.PartitionCount));
    }

    /// <summary>Drops what was relayed long ago, and says how much waits.</summary>
    private async Task TidyAsync(Ownership mine, CancellationToken cancellationToken)
    {
        DateTimeOffset now = time.GetUtcNow();
        if (now < _nextBacklog)
        {
            return;
        }

        _nextBacklog = now + s_backlogInterval;
        while (await queue.DropAsync(mine, now - options.Value.OutboxRetention, DropSize, cancellationToken) == DropSize)
        {
            await mine.CheckAsync(cancellationToken);
        }

        (long count, DateTimeOffset? oldest) = await queue.BacklogAsync(cancellationToken);
        metrics.Backlog(count, oldest is { } since && since < now ? now - since : TimeSpan.Zero);
    }

    [LoggerMessage(6121, LogLevel.Warning, "The log did not take message {Message}: {Why}. It is sent again")]
    private partial void LogRefused(Guid message, string why);
}
