namespace Metering.Billing.Periods;

/// <summary>A half-open stretch of time, <c>[Start, End)</c>: the end belongs to what comes next.</summary>
public readonly record struct TimeRange
{
    /// <exception cref="ArgumentException">The end is before the start.</exception>
    public TimeRange(DateTimeOffset start, DateTimeOffset end)
    {
        if (end < start)
        {
            throw new ArgumentException($"The range ends at {end:O}, before it begins at {start:O}.", nameof(end));
        }

        Start = start.ToUniversalTime();
        End = end.ToUniversalTime();
    }

    public DateTimeOffset Start { get; }

    public DateTimeOffset End { get; }

    public bool IsEmpty => Start == End;

    public bool Contains(DateTimeOffset instant) => Start <= instant && instant < End;

    /// <summary>The nearest instant that is not outside; the end itself counts as inside.</summary>
    public DateTimeOffset Clamp(DateTimeOffset instant) => instant < Start ? Start : instant > End ? End : instant;

    /// <summary>What both have; empty, and within this range, when they share nothing.</summary>
    public TimeRange Intersect(TimeRange other) => new(Clamp(other.Start), Clamp(other.End));

    /// <summary>Whether it has time in common with a validity; a moment, such as that of a one-time charge, when it lies within.</summary>
    /// <param name="until">Null for ever.</param>
    public bool Overlaps(DateTimeOffset from, DateTimeOffset? until) => (IsEmpty ? Start >= from : End > from) && (until is not { } end || Start < end);
}
