using Metering.Aggregator.Partitions;
using Metering.Aggregator.Telemetry;
using Microsoft.Extensions.Logging;

namespace Metering.Aggregator.Sealing;

/// <summary>
/// Folds deltas into windows. Each delta is folded by exactly one seal: those confirmed since the last seal, of minutes now below the
/// boundary, and older ones whose minute has only now passed it. What a seal has written never changes. A seal that was begun is finished
/// with its stored values, by whoever holds the lock, and may be written any number of times.
/// </summary>
internal sealed class Sealer(ISealStore store, IWindowStore windows, AggregatorOptions options, AggregatorMetrics metrics, TimeProvider time, ILogger<Sealer> logger)
{
    /// <summary>Finishes a seal that was begun, then makes the next one when a further minute has passed the allowed lateness.</summary>
    /// <returns>Whether a seal was written.</returns>
    public async Task<bool> StepAsync(int house, CancellationToken cancellationToken)
    {
        (Seal last, Seal? pending) = await store.LastAsync(cancellationToken);
        if (pending is not null)
        {
            await FinishAsync(pending, last, cancellationToken);
            return true;
        }

        Seal? next = await PlanAsync(last, house, cancellationToken);
        if (next is null || !await store.BeginAsync(next, cancellationToken))
        {
            return false;
        }

        await FinishAsync(next, last, cancellationToken);
        return true;
    }

    /// <summary>The next seal: the boundary never goes back, and never passes PostgreSQL's clock or the slowest partition's.</summary>
    private async Task<Seal?> PlanAsync(Seal last, int house, CancellationToken cancellationToken)
    {
        if (await store.ReadProgressAsync(house, cancellationToken) is not { } progress)
        {
            return null;
        }

        metrics.Watermark(time.GetUtcNow() - progress.Clock);
        DateTimeOffset boundary = progress.Clock - options.AllowedLateness;
        DateTimeOffset minute = new(boundary.Ticks - (boundary.Ticks % TimeSpan.TicksPerMinute), TimeSpan.Zero);
        DateTimeOffset upto = minute > last.Upto ? minute : last.Upto;
        bool houseWorked = progress.Cut[house] > last.Cut.ElementAtOrDefault(house);
        return upto > last.Upto || houseWorked ? new Seal(last.Number + 1, upto, progress.Cut, time.GetUtcNow()) : null;
    }

    private async Task FinishAsync(Seal seal, Seal previous, CancellationToken cancellationToken)
    {
        WindowSum expected = await windows.SumDeltasAsync(seal, previous, cancellationToken);
        WindowSum found = await windows.SumSealAsync(seal, cancellationToken);
        for (int attempt = 0; found != expected; attempt++)
        {
            if (attempt == 3)
            {
                throw new PartitionStoppedException(0, $"seal {seal.Number} holds {found} (rows, count, sum), its deltas are {expected}");
            }

            await windows.FoldAsync(seal, previous, cancellationToken);
            found = await windows.SumSealAsync(seal, cancellationToken);
        }

        await windows.MarkAsync(seal, cancellationToken);
        await store.FinishAsync(seal.Number, cancellationToken);
        metrics.Sealed(time.GetUtcNow() - seal.Upto, await windows.CountCorrectionsAsync(seal, previous, cancellationToken));
        AggregatorLog.Sealed(logger, seal.Upto, seal.Number, expected.Rows);
    }
}
