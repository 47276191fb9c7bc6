using Metering.Billing.Zones;

namespace Metering.Billing.Periods;

/// <summary>
/// The boundaries of one component: boundary k = anchor + k × interval on the wall clock of the zone, for every k, below zero too. Each is computed from the
/// original anchor, never from its neighbour, so that a short month does not shorten those after it. Boundaries never go back; two of them meet when the zone
/// skipped the time between.
/// </summary>
public sealed record Cadence(ZoneRules Zone, BillingInterval Interval, BillingAnchor Anchor)
{
    /// <exception cref="ArgumentOutOfRangeException">Outside the years 1 to 9999.</exception>
    public DateTimeOffset Boundary(int k) => Zone.ToInstant(LocalBoundary(k));

    /// <exception cref="ArgumentOutOfRangeException">Outside the years 1 to 9999.</exception>
    public TimeRange Period(int k) => new(Boundary(k), Boundary(k + 1));

    /// <summary>The k of the period that holds the instant: the last whose boundary is not after it.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The period reaches outside the years 1 to 9999.</exception>
    public int IndexOf(DateTimeOffset instant)
    {
        int k = Estimate(Zone.ToLocal(instant));
        while (Boundary(k) > instant)
        {
            k--;
        }

        while (Boundary(k + 1) <= instant)
        {
            k++;
        }

        return k;
    }

    private DateTime LocalBoundary(int k)
    {
        long steps = (long)k * Interval.Length;
        return Interval.IsDays ? AddDays(steps) : OnDayOf(MonthNumber(Anchor.Local) + steps);
    }

    private DateTime AddDays(long days)
    {
        long ticks = Anchor.Local.Ticks + (days * TimeSpan.TicksPerDay);
        return ticks >= 0 && ticks <= DateTime.MaxValue.Ticks ? new DateTime(ticks) : throw Outside();
    }

    private DateTime OnDayOf(long month)
    {
        if (month < 12 || month >= 10_000 * 12)
        {
            throw Outside();
        }

        (int year, int inYear) = ((int)(month / 12), (int)(month % 12) + 1);
        return new DateTime(year, inYear, Math.Min(Anchor.Day, DateTime.DaysInMonth(year, inYear))) + Anchor.Local.TimeOfDay;
    }

    private int Estimate(DateTime local)
    {
        long passed = Interval.IsDays
            ? (local.Date.Ticks - Anchor.Local.Date.Ticks) / TimeSpan.TicksPerDay
            : MonthNumber(local) - MonthNumber(Anchor.Local);
        return (int)(passed / Interval.Length);
    }

    private static long MonthNumber(DateTime local) => (local.Year * 12L) + local.Month - 1;

    private static ArgumentOutOfRangeException Outside() => new(paramName: null, "A period reaches outside the years 1 to 9999.");
}
