using Metering.Billing.Periods;

namespace Metering.Billing.Proration;

/// <summary>
/// How an amount for a full period is earned: Earned(t) = round(net × elapsed ÷ period). A part costs what is earned at its end less what is earned at its
/// start, so the parts sum to the whole amount however it is cut, and in whichever order the cuts became known.
/// </summary>
/// <param name="Net">For the full period, after discounts and without tax; of either sign.</param>
public sealed record Earning(Fraction Net, Currency Currency, ProrationClock Clock, RoundingMode Rounding = RoundingMode.HalfAwayFromZero)
{
    /// <exception cref="OverflowException">Beyond what an amount can hold.</exception>
    public Money At(DateTimeOffset instant) =>
        Money.Round(Clock.Full == 0 ? Fraction.Zero : Net * Fraction.Of(Clock.ElapsedAt(instant), Clock.Full), Currency, Rounding);

    /// <summary>What the part costs. Without a proration unit, any part with time in it costs the whole.</summary>
    /// <inheritdoc cref="At"/>
    public Money Of(TimeRange part) => Clock.Unit == ProrationUnit.None
        ? Money.Round(Exact(part), Currency, Rounding)
        : At(part.End) - At(part.Start);

    /// <summary>The same before rounding.</summary>
    public Fraction Exact(TimeRange part) => Net * Clock.Share(part);
}
