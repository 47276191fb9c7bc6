using Metering.Billing.Periods;

namespace Metering.Billing.Proration;

/// <summary>
/// The share of a billing period that a rating scope was active for: one set of time, whatever it was interrupted by. It scales allowance, minimum, maximum,
/// commitment and the free part of a percentage; never tiers and packages.
/// </summary>
public static class ScopeShare
{
    /// <param name="active">In any order; where they overlap, time counts once.</param>
    /// <returns>0 to 1; always 1 when nothing is prorated.</returns>
    public static Fraction Of(IEnumerable<TimeRange> active, ProrationClock clock)
    {
        if (clock.Unit == ProrationUnit.None)
        {
            return Fraction.One;
        }

        Fraction share = Fraction.Zero;
        DateTimeOffset counted = clock.Period.Start;
        foreach (TimeRange range in active.OrderBy(range => range.Start))
        {
            DateTimeOffset from = range.Start > counted ? range.Start : counted;
            if (range.End > from)
            {
                share += clock.Share(new TimeRange(from, range.End));
                counted = range.End;
            }
        }

        return share;
    }
}
