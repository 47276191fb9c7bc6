using System.Globalization;
using Metering.Billing.Catalog;
using Metering.Billing.Invoicing;
using Metering.Billing.Periods;
using Metering.Billing.Proration;
using Metering.Billing.Rating;

namespace Metering.Billing.Runs;

/// <summary>
/// Fees as charges: Earned(b) − Earned(a) for a part [a, b) that was not billed before, and for one that was, the difference between the end it was billed to and the end
/// it has now. So whatever becomes known in whichever order, the lines of a fee sum to the time it was served.
/// </summary>
internal static class FeeCharges
{
    /// <summary>Null when nothing is to be billed or given back.</summary>
    /// <param name="issued">The lines of this part, in the order of their issue.</param>
    public static AmountCharge? Of(BillingHistory history, FeePart part, IReadOnlyList<IssuedLine> issued)
    {
        Component price = DiscountCover.Discounted(history, part.Component, part.Period, part.Terms.Component);
        Earning earning = EarningOf(history, part.Period, part.Terms.Proration, FullAmount(history, price, part.Quantity));
        if (issued.Count > 0)
        {
            return part.Terms.Timing == ChargeTiming.Once ? null : Adjust(part, earning, issued);
        }

        Money amount = part.Terms.Timing == ChargeTiming.Once ? Money.Round(earning.Net, history.Currency, history.Rounding) : earning.Of(part.Time);
        return ChargeOf(part, part.Time, amount, Describe(part, earning.Net, earning, part.Time));
    }

    /// <summary>
    /// What the part costs by the time that it has now, less what was issued for it and not given back: credit notes count, whoever asked for them, as they do for every
    /// other line of a corrected period.
    /// </summary>
    /// <inheritdoc cref="Of"/>
    public static AmountCharge? Corrected(BillingHistory history, FeePart part, IReadOnlyList<IssuedLine> issued)
    {
        if (issued.Count == 0 || part.Terms.Timing == ChargeTiming.Once || issued[0].IsVoid)
        {
            return Of(history, part, issued);
        }

        IssuedLine first = issued[0];
        Component price = DiscountCover.Discounted(history, part.Component, part.Period, part.Terms.Component);
        Earning earning = AsDiscounted(EarningOf(history, part.Period, part.Terms.Proration, FullAmount(history, price, part.Quantity)), first);
        bool isReturned = part.Terms.Proration == ProrationUnit.None && part.Time.End < first.Service.End;
        Money zero = Money.Zero(history.Currency);
        Money now = isReturned ? zero : earning.Of(part.Time);
        Money before = issued.Aggregate(zero, (sum, line) => sum + line.Net - line.Credited);
        return now == before ? null : ChargeOf(part, Between(part.Time, first.Service), now - before, $"{Describe(part, earning.Net, earning, part.Time)}; {before} issued") with
        {
            Corrects = first.Id,
            OriginalTax = new OriginalTax(first.TaxRate),
        };
    }

    /// <summary>All that is left of a part that was billed ahead and is not served at all any more.</summary>
    /// <param name="issued">The lines of the part, in the order of their issue.</param>
    public static AmountCharge? Returned(BillingHistory history, IReadOnlyList<IssuedLine> issued)
    {
        IssuedLine first = issued[0];
        Money left = Creditable(history.Currency, issued);
        return left.IsZero ? null : new AmountCharge
        {
            Key = first.Key,
            Component = first.Component,
            Period = first.Period,
            Service = first.Service,
            Recognition = first.Recognition,
            OriginalTax = new OriginalTax(first.TaxRate),
            Amount = -left,
            Corrects = first.Id,
            Arithmetic = $"not served: all of {left} that is left of it",
        };
    }

    /// <summary>What the fee costs for a whole period.</summary>
    public static Fraction FullAmount(BillingHistory history, Component price, Fraction quantity) =>
        Rater.Rate(price, Usage.Of(quantity), new RatingTerms(history.Currency, history.Rounding, Fraction.One, IsClosing: true), null).Charge.Exact.Net;

    private static Earning EarningOf(BillingHistory history, BillingPeriod period, ProrationUnit unit, Fraction amount) =>
        new(amount, history.Currency, new ProrationClock(period.Full, unit, period.Zone), history.Rounding);

    private static Money Creditable(Currency currency, IReadOnlyList<IssuedLine> issued)
    {
        Money zero = Money.Zero(currency);
        return Money.Max(zero, issued.Aggregate(zero, (sum, line) => sum + line.Net - line.Credited));
    }

    private static AmountCharge? Adjust(FeePart part, Earning full, IReadOnlyList<IssuedLine> issued)
    {
        IssuedLine first = issued[0];
        DateTimeOffset until = BilledUntil(issued);
        if (until == part.Time.End || first.IsVoid)
        {
            return null;
        }

        Earning earning = AsDiscounted(full, first);
        if (until < part.Time.End)
        {
            TimeRange more = new(until, part.Time.End);
            Money cost = part.Terms.Proration == ProrationUnit.None ? Money.Zero(full.Currency) : earning.Of(more);
            return cost.IsZero ? null : ChargeOf(part, more, cost, Describe(part, full.Net, earning, more));
        }

        TimeRange unused = new(Later(part.Time.End, first.Service.Start), until);
        Money left = Creditable(full.Currency, issued);
        Money credit = Money.Max(Money.Zero(full.Currency), Money.Min(earning.Of(unused), left));
        return credit.IsZero ? null : ChargeOf(part, unused, -credit, $"{Describe(part, full.Net, earning, unused)}; at most the {left} that are left; credit {credit}") with
        {
            Corrects = first.Id,
            OriginalTax = new OriginalTax(first.TaxRate),
        };
    }

    /// <summary>What is given back, or added, is of what the line cost after discounts.</summary>
    private static Earning AsDiscounted(Earning full, IssuedLine first) => first.Amount.IsZero ? full : full with { Net = full.Net * (first.Net.Exact / first.Amount.Exact) };

    /// <summary>The time by which a part became longer or shorter; all of it when it did not.</summary>
    private static TimeRange Between(TimeRange now, TimeRange before) => now.End == before.End ? now
        : now.End < before.End ? new TimeRange(Later(now.End, before.Start), before.End) : new TimeRange(before.End, now.End);

    /// <summary>Each line moved the end: a charge to where it ends, a credit back to where it begins.</summary>
    private static DateTimeOffset BilledUntil(IReadOnlyList<IssuedLine> issued)
    {
        IssuedLine last = issued[^1];
        return last.Amount.Sign < 0 ? last.Service.Start : last.Service.End;
    }

    private static AmountCharge ChargeOf(FeePart part, TimeRange service, Money amount, string arithmetic) => new()
    {
        Key = part.Key,
        Component = part.Component,
        TaxCategory = part.Terms.Component.TaxCategory,
        PricedBy = part.Terms.PricedBy,
        Period = part.Period.Full,
        Service = service,
        Recognition = part.Terms.Timing switch
        {
            ChargeTiming.Advance => LineRecognition.Advance,
            ChargeTiming.Once => LineRecognition.Once,
            _ => LineRecognition.Arrears,
        },
        Amount = amount,
        Arithmetic = arithmetic,
        Unit = part.Terms.Proration == ProrationUnit.Second ? ProrationUnit.Second : ProrationUnit.Day, // without one, its time is still served day by day
    };

    private static string Describe(FeePart part, Fraction amount, Earning earning, TimeRange time)
    {
        string price = part.Terms.Component.Price is LicensedPrice ? string.Create(CultureInfo.InvariantCulture, $"{part.Quantity} seats cost {amount} a period; ") : "";
        return part.Terms.Timing == ChargeTiming.Once ? $"{price}{amount} once" : price + ProrationLines.ArithmeticOf(earning, time);
    }

    private static DateTimeOffset Later(DateTimeOffset one, DateTimeOffset other) => one > other ? one : other;
}
