using Metering.Aggregator.Engine.Meters;
using Metering.Contracts;

namespace Metering.Aggregator.House;

/// <summary>
/// The events that count below given offsets: not voided, in their last version. The back-fill and the audit read events this way and run them
/// through the engine.
/// </summary>
internal interface IEffectiveEvents
{
    /// <summary>Where a revision's events are, below the offsets from which on it counts them as they arrive.</summary>
    Task<IReadOnlyList<RawDay>> DaysAsync(MeterRevision revision, long[] below, CancellationToken cancellationToken);

    /// <summary>Streams a revision's events of one day to whatever counts them.</summary>
    Task ReadAsync(MeterRevision revision, RawDay day, long[] below, CountEvent count, CancellationToken cancellationToken);

    /// <summary>Streams all events of one day (UTC: 2026-11-22) to whatever counts them.</summary>
    /// <param name="below">Per partition: rows with smaller offsets only.</param>
    Task ReadAsync(string day, long[] below, CountEvent count, CancellationToken cancellationToken);
}

/// <param name="Month">Of append: 202611.</param>
/// <param name="Day">Of the event, UTC: 2026-11-22.</param>
internal readonly record struct RawDay(uint Month, string Day);

/// <summary>What counts an event: a flush that back-fills, or an audit.</summary>
internal delegate void CountEvent(
    ReadOnlySpan<byte> tenant, ReadOnlySpan<byte> type, ReadOnlySpan<byte> subject, long timeTicks, ReadOnlySpan<byte> data, EventIdentity identity);
