using Metering.Contracts;

namespace Metering.Aggregator.Flushing;

/// <summary>The tables that flushes are written to.</summary>
public interface IFlushTables
{
    /// <summary>Inserts rows given in RowBinary as one block, and returns when they are on disk.</summary>
    /// <exception cref="Exception">Anything: whether the rows arrived, or some of them, is then unknown, and sending them again is safe.</exception>
    Task InsertAsync(string table, string[] columns, ReadOnlyMemory<byte> rows, CancellationToken cancellationToken);

    /// <summary>What is stored of one flush, each row once however often it was sent.</summary>
    Task<StoredFlush> ReadBackAsync(int part, long lo, long hi, CancellationToken cancellationToken);

    /// <summary>The highest partition that readers were ever told of.</summary>
    Task<int> LastPartAsync(CancellationToken cancellationToken);

    /// <summary>The highest offset each table knows of a partition.</summary>
    Task<HighestOffsets> HighestAsync(int part, CancellationToken cancellationToken);
}

/// <summary>Counts and checksums of one flush's rows, and how many flush records of exactly this range there are.</summary>
public readonly record struct StoredFlush(long Raw, EventIdentity IdentityXor, long Deltas, long DeltaCount, Quantity DeltaValue, long DeadLetters, long FlushRecords);

/// <summary>Offsets of one partition; 0 where a table has none.</summary>
public readonly record struct HighestOffsets(long RawEvents, long FlushRecords, long ReadMarks);
