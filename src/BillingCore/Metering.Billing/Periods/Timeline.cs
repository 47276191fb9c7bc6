using Metering.Billing.Zones;

namespace Metering.Billing.Periods;

/// <summary>
/// The periods of one component of a subscription, from its start to its end: contiguous, and never overlapping. Changes are told in the order of time: each adds an
/// era, what was before it stays as it was, and what was still to come is forgotten.
/// </summary>
public sealed class Timeline
{
    private readonly IReadOnlyList<Era> _eras;

    private Timeline(IReadOnlyList<Era> eras, DateTimeOffset start, DateTimeOffset? end)
    {
        _eras = eras;
        Start = start;
        End = end;
    }

    /// <summary>When service begins, with the first period.</summary>
    public DateTimeOffset Start { get; }

    /// <summary>When service ends; null when nothing ends it.</summary>
    public DateTimeOffset? End { get; }

    public static Timeline Beginning(DateTimeOffset start, Cadence cadence) => new([Era.Beginning(cadence, start)], start, end: null);

    /// <summary>The same boundaries, for service that begins later.</summary>
    /// <exception cref="ArgumentException">Before the start.</exception>
    public Timeline StartingAt(DateTimeOffset start) => start >= Start
        ? new Timeline(_eras, start, End)
        : throw new ArgumentException($"The boundaries are known from {Start:O} on, not from {start:O}.", nameof(start));

    /// <exception cref="ArgumentException">Before the start.</exception>
    public Timeline EndingAt(DateTimeOffset end) => end >= Start
        ? new Timeline(_eras, Start, end)
        : throw new ArgumentException($"Service cannot end at {end:O}, before it begins.", nameof(end));

    /// <summary>The end of a trial, or a change of interval: from this instant on the periods follow another cadence.</summary>
    /// <exception cref="ArgumentException">Before the start.</exception>
    public Timeline ContinuedBy(Cadence cadence, DateTimeOffset from) => from >= Start
        ? new Timeline([.. _eras.Where(era => era.From < from), Era.Beginning(cadence, from)], Start, End)
        : throw new ArgumentException($"Service begins at {Start:O}; a cadence cannot begin before it, at {from:O}.", nameof(from));

    /// <summary>Another zone of the customer, or other rules of the same one. It counts from the next boundary after <paramref name="now"/>; the period that runs keeps its end.</summary>
    public Timeline MovedTo(ZoneRules zone, DateTimeOffset now)
    {
        int number = EraOf(now);
        Era era = _eras[number];
        if (era.Cadence.Zone == zone)
        {
            return new Timeline([.. _eras.Take(number + 1)], Start, End);
        }

        int next = era.IndexOf(now) + 1;
        Era moved = new(era.Cadence with { Zone = zone }, era.Boundary(next), next, Continues: true);
        return new Timeline([.. _eras.Take(number + 1), moved], Start, End);
    }

    /// <summary>The period that holds the instant; the first one before the start.</summary>
    public BillingPeriod At(DateTimeOffset instant)
    {
        DateTimeOffset served = Later(Start, instant);
        int era = EraOf(served);
        return Period(era, _eras[era].IndexOf(served));
    }

    /// <summary>
    /// The periods in order: first the one that holds <paramref name="from"/> (or the start, when it is later), last the one before the first that
    /// begins at or after the end. Without an end they stop only where the years do.
    /// </summary>
    public IEnumerable<BillingPeriod> From(DateTimeOffset from)
    {
        DateTimeOffset first = Later(Start, from);
        int era = EraOf(first);
        int k = _eras[era].IndexOf(first);
        while (!Ended(_eras[era].Boundary(k)))
        {
            BillingPeriod period = Period(era, k++);
            yield return period;
            if (era + 1 < _eras.Count && period.Full.End >= _eras[era + 1].From)
            {
                era++;
                k = _eras[era].FirstIndex;
            }
        }
    }

    private bool Ended(DateTimeOffset boundary) => End is { } end && boundary >= end;

    private BillingPeriod Period(int era, int k)
    {
        TimeRange full = new(_eras[era].Boundary(k), _eras[era].Boundary(k + 1));
        DateTimeOffset from = Later(Later(full.Start, _eras[era].From), Earlier(Start, full.End));
        DateTimeOffset to = era + 1 < _eras.Count ? Earlier(full.End, _eras[era + 1].From) : full.End;
        return new BillingPeriod(era, k, full, new TimeRange(from, Later(from, Earlier(to, End ?? to))), _eras[era].Cadence.Zone);
    }

    private static DateTimeOffset Earlier(DateTimeOffset one, DateTimeOffset other) => one < other ? one : other;

    private static DateTimeOffset Later(DateTimeOffset one, DateTimeOffset other) => one > other ? one : other;

    private int EraOf(DateTimeOffset instant)
    {
        int era = _eras.Count - 1;
        while (era > 0 && _eras[era].From > instant)
        {
            era--;
        }

        return era;
    }
}
