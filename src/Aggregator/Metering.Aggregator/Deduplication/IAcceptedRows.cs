using Metering.Aggregator.Engine.Deduplication;
using Metering.Contracts;

namespace Metering.Aggregator.Deduplication;

/// <summary>The dedup state as the raw table and the flush records hold it. Times are append times, milliseconds since 1970 UTC.</summary>
internal interface IAcceptedRows
{
    /// <summary>Adds the identities accepted at offsets in (<paramref name="after"/>, <paramref name="before"/>), both exclusive.</summary>
    Task AddAcceptedAsync(Deduplicator deduplicator, int part, long after, long before, long sinceMs, CancellationToken cancellationToken);

    /// <summary>Adds the targets of voids and amendments below an offset that had not been seen when these came.</summary>
    Task AddAwaitedAsync(Deduplicator deduplicator, int part, long before, long sinceMs, CancellationToken cancellationToken);

    /// <summary>Whether the partition has rows older than a time.</summary>
    Task<bool> AnyBeforeAsync(int part, long beforeMs, CancellationToken cancellationToken);

    /// <summary>Whether flushes between two numbers, both exclusive, accepted anything since a time.</summary>
    Task<bool> AnyBetweenAsync(int part, long afterFlush, long beforeFlush, long sinceMs, CancellationToken cancellationToken);

    /// <summary>What the flush records say of a range of flushes, both ends inclusive.</summary>
    Task<AcceptedSum> SumAsync(int part, long firstFlush, long lastFlush, CancellationToken cancellationToken);
}

/// <summary>Accepted records of some flushes, the exclusive or of their identities, the highest offset, and how many flushes these are.</summary>
internal readonly record struct AcceptedSum(long Count, EventIdentity Xor, long LastOffset, long Flushes);
