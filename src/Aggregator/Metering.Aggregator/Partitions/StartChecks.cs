using Metering.Aggregator.Flushing;
using Metering.Aggregator.Sealing;
using Metering.EventLog;
using Metering.Storage.Postgres.Generations;

namespace Metering.Aggregator.Partitions;

/// <summary>
/// What must agree before a partition is processed: the log, PostgreSQL and ClickHouse may each have been restored from a backup or made
/// anew. Going on would lose usage or count it twice; stopping with a name costs nothing but time.
/// </summary>
internal sealed class StartChecks(IFlushTables tables, ISealStore seals, IWindowStore windows, LogGeneration generation)
{
    /// <exception cref="PartitionStoppedException">They do not agree.</exception>
    public async Task CheckAsync(PartitionState state, ITopic topic, CancellationToken cancellationToken)
    {
        OffsetRange range = await topic.GetRangeAsync(state.Part, cancellationToken);
        if (state.Confirmed >= range.High)
        {
            throw new PartitionStoppedException(
                state.Part,
                $"offset {state.Confirmed} is recorded as processed, but the log ends at {range.High}: the log has lost records or is another one");
        }

        await CheckRowsAsync(state, cancellationToken);
    }

    /// <summary>
    /// Partitions that ClickHouse knows and PostgreSQL does not mean a PostgreSQL from before the log grew. What was moved to the newer topic would be
    /// counted again from the older one, and no repair can tell.
    /// </summary>
    public async Task CheckGenerationAsync(CancellationToken cancellationToken)
    {
        int known = await tables.LastPartAsync(cancellationToken);
        if (known >= generation.PartCount)
        {
            throw new PartitionStoppedException(
                0, $"ClickHouse has partition {known}, but generation {generation.Number} of the log ends at {generation.PartCount - 1}: PostgreSQL is from before the log grew. Restore a later backup of it");
        }
    }

    /// <summary>Seals that ClickHouse knows and PostgreSQL does not mean an older PostgreSQL: sealing again would change the past.</summary>
    public async Task CheckSealsAsync(CancellationToken cancellationToken)
    {
        // The marks first: a seal is recorded before it is marked, so one that is made between the two look-ups is known when its mark is seen.
        long marked = await windows.NewestMarkAsync(cancellationToken);
        (Seal last, Seal? pending) = await seals.LastAsync(cancellationToken);
        long known = pending?.Number ?? last.Number;
        if (marked > known)
        {
            throw new PartitionStoppedException(
                0, $"ClickHouse has seal {marked}, PostgreSQL only {known}: PostgreSQL is older than ClickHouse, probably restored from a backup");
        }
    }

    private async Task CheckRowsAsync(PartitionState state, CancellationToken cancellationToken)
    {
        long bound = state.PendingHi ?? state.Confirmed;
        HighestOffsets highest = await tables.HighestAsync(state.Part, cancellationToken);
        CheckBound(state.Part, "raw events", highest.RawEvents, bound);
        CheckBound(state.Part, "flush records", highest.FlushRecords, bound);
        CheckBound(state.Part, "read marks", highest.ReadMarks, bound);
    }

    private static void CheckBound(int part, string what, long highest, long bound)
    {
        if (highest > bound)
        {
            throw new PartitionStoppedException(
                part,
                $"ClickHouse has {what} up to offset {highest}, PostgreSQL knows only {bound}: PostgreSQL is older than ClickHouse, probably restored from a backup; 'metering repair checkpoint' adopts what ClickHouse has");
        }
    }
}
