using Metering.Billing.Periods;
using Metering.Billing.Zones;

namespace Metering.Billing.Proration;

/// <summary>How much of one full period has passed. What is counted never goes back, so the parts of a period sum to the whole of it.</summary>
public sealed record ProrationClock(TimeRange Period, ProrationUnit Unit, ZoneRules Zone)
{
    /// <summary>Local dates, seconds, or 1 when nothing is counted. Zero when the period is too short for its unit.</summary>
    public long Full => Unit == ProrationUnit.None ? 1 : ElapsedAt(Period.End);

    /// <summary>The share of the period that the part is: 0 to 1. Without a unit, any part that has time in it is the whole.</summary>
    public Fraction Share(TimeRange part)
    {
        TimeRange inside = Period.Intersect(part);
        if (Unit == ProrationUnit.None)
        {
            return inside.IsEmpty ? Fraction.Zero : Fraction.One;
        }

        long full = Full;
        return full == 0 ? Fraction.Zero : Fraction.Of(ElapsedAt(inside.End) - ElapsedAt(inside.Start), full);
    }

    /// <summary>How much had passed when the instant came: 0 before the period, <see cref="Full"/> after it.</summary>
    public long ElapsedAt(DateTimeOffset instant)
    {
        DateTimeOffset inside = Period.Clamp(instant);
        return Unit switch
        {
            ProrationUnit.Day => Zone.DateOf(inside).DayNumber - Zone.DateOf(Period.Start).DayNumber,
            ProrationUnit.Second => (inside - Period.Start).Ticks / TimeSpan.TicksPerSecond,
            ProrationUnit.None => inside < Period.End ? 0 : 1,
        };
    }
}
