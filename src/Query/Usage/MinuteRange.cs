using Metering.Contracts;

namespace Metering.Query.Usage;

/// <summary>
/// Usage is kept by the minute, so a range of usage is one of whole minutes. A bound inside a minute takes the whole minute in: a dashboard that
/// asks up to "now" sees what has just arrived. Answers echo the bounds that were used.
/// </summary>
internal static class MinuteRange
{
    /// <summary>The end of what the tables can hold.</summary>
    private static readonly DateTimeOffset s_latest = new(2106, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public static DateTimeOffset Floor(DateTimeOffset instant) => new(instant.UtcTicks - (instant.UtcTicks % TimeSpan.TicksPerMinute), TimeSpan.Zero);

    public static DateTimeOffset Ceiling(DateTimeOffset instant)
    {
        DateTimeOffset floor = Floor(instant);
        return floor.UtcTicks == instant.UtcTicks || floor > s_latest ? floor : floor.AddMinutes(1);
    }

    /// <summary>The nearest instant at which there can be an event.</summary>
    public static DateTimeOffset Clamp(DateTimeOffset instant) =>
        instant < EventTime.Earliest ? EventTime.Earliest : instant > s_latest ? s_latest : instant;

    public static DateTimeOffset ClampedStart(DateTimeOffset? from) => Clamp(from ?? EventTime.Earliest);

    public static DateTimeOffset ClampedEnd(DateTimeOffset? to) => Clamp(to ?? s_latest);
}
