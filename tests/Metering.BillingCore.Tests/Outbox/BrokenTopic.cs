using Metering.EventLog;

namespace Metering.BillingCore.Tests.Outbox;

/// <summary>Where a relay can die, or the log fail.</summary>
public enum Break
{
    Never,
    BeforeAppend,
    AfterAppend,

    /// <summary>The log takes every second record and refuses the others.</summary>
    HalfRefused,
}

/// <summary>A topic that breaks at the n-th append, once.</summary>
internal sealed class BrokenTopic(ITopic topic, Break how, int at) : ITopic
{
    private int _appends;

    public bool HasBroken { get; private set; }

    public string Name => topic.Name;

    public int PartitionCount => topic.PartitionCount;

    public string Id => topic.Id;

    public async ValueTask AppendAsync(AppendBatch batch, CancellationToken cancellationToken)
    {
        bool breaks = _appends++ == at && how != Break.Never;
        HasBroken |= breaks;
        if (breaks && how == Break.HalfRefused)
        {
            await AppendHalfAsync(batch, cancellationToken);
            return;
        }

        if (breaks && how == Break.BeforeAppend)
        {
            throw new IOException("The relay died before the append.");
        }

        await topic.AppendAsync(batch, cancellationToken);
        if (breaks)
        {
            throw new IOException("The relay died after the append.");
        }
    }

    public ValueTask<OffsetRange> GetRangeAsync(int partition, CancellationToken cancellationToken) => topic.GetRangeAsync(partition, cancellationToken);

    public Task<ILogReader> OpenReaderAsync(IReadOnlyList<PartitionOffset> from, CancellationToken cancellationToken) => topic.OpenReaderAsync(from, cancellationToken);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private async Task AppendHalfAsync(AppendBatch batch, CancellationToken cancellationToken)
    {
        using AppendBatch half = new();
        for (int i = 0; i < batch.Count; i += 2)
        {
            batch.Value(i).CopyTo(half.GetMemory(batch.Value(i).Length));
            half.Advance(batch.Value(i).Length);
            half.EndRecord(batch.Partition(i));
        }

        await topic.AppendAsync(half, cancellationToken);
        for (int i = 0; i < batch.Count; i++)
        {
            batch.SetResult(i, i % 2 == 0 ? half.Result(i / 2) : AppendResult.Refused("the disk is full"));
        }
    }
}
