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
        Earning earning = EarningOf(history, part);
        if (issued.Count > 0)
        {
            return part.Terms.Timing == ChargeTiming.Once || issued.Any(line => line.IsVoid) ? null : Adjust(part, earning, issued);
        }

        Money amount = part.Terms.Timing == ChargeTiming.Once ? Money.Round(earning.Net, history.Currency, history.Rounding) : earning.Of(part.Time);
        return ChargeOf(part, part.Time, amount, Describe(part, earning.Net, earning, part.Time));
    }

    /// <summary>
    /// What the part costs by the time that it has now, less what was issued for it and not given back: credit notes count, whoever asked for them, as they do for every
    /// other line of a corrected period. A part that no invoice has billed for itself does not say what discount it had, and is charged whole (<see cref="Charge.OriginalTax"/> is null):
    /// what was issued for it is still to be taken away.
    /// </summary>
    /// <inheritdoc cref="Of"/>
    public static AmountCharge? Corrected(BillingHistory history, FeePart part, IReadOnlyList<IssuedLine> issued)
    {
        if (issued.Count == 0 || part.Terms.Timing == ChargeTiming.Once || issued.Any(line => line.IsVoid))
        {
            return Of(history, part, issued);
        }

        IssuedLine first = FirstOf(issued) ?? issued[0];
        if (first.IsDifference || first.Amount.IsZero)
        {
            return Of(history, part, []);
        }

        Earning earning = AsDiscounted(EarningOf(history, part), first);
        Money now = Now(part, earning, first, first.Service.End);
        Money before = issued.Aggregate(Money.Zero(history.Currency), (sum, line) => sum + line.Net - line.Credited);
        return now == before ? null : Changed(part, first, Between(part.Time, first.Service, first.Service.End), now - before, $"{Describe(part, earning.Net, earning, part.Time)}; {before} issued");
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

    private static Earning EarningOf(BillingHistory history, FeePart part)
    {
        Component price = DiscountCover.Discounted(history, part.Component, part.Period, part.Terms.Component);
        return new Earning(FullAmount(history, price, part.Quantity), history.Currency, new ProrationClock(part.Period.Full, part.Terms.Proration, part.Period.Zone), history.Rounding);
    }

    /// <summary>What can be given back of lines with one identity: what they came to, and nothing of what was waived.</summary>
    public static Money Creditable(Currency currency, IReadOnlyList<IssuedLine> issued)
    {
        Money zero = Money.Zero(currency);
        Money Left(Func<IssuedLine, bool> counts) => issued.Where(counts).Aggregate(zero, (sum, line) => sum + line.Net - line.Credited);
        return Money.Max(zero, Money.Min(Left(_ => true), Left(line => !line.IsVoid)));
    }

    /// <summary>By amounts, not by times: of the lines that made it what it is some may be void, and billed again here.</summary>
    private static AmountCharge? Adjust(FeePart part, Earning full, IReadOnlyList<IssuedLine> issued)
    {
        Money before = issued.Aggregate(Money.Zero(full.Currency), (sum, line) => sum + line.Net);
        DateTimeOffset until = BilledUntil(issued);
        if (FirstOf(issued) is not { } first)
        {
            TimeRange whole = new(part.Time.Start, Later(part.Time.End, issued.Max(line => line.Service.End)));
            return before.IsZero ? null : ChargeOf(part, whole, full.Of(part.Time) - before, $"{Describe(part, full.Net, full, part.Time)}; {-before} are given back already");
        }

        Earning earning = AsDiscounted(full, first);
        Money left = Creditable(full.Currency, issued);
        Money change = until == part.Time.End ? Money.Zero(full.Currency) : Money.Max(Now(part, earning, first, until) - before, -left);
        return change.IsZero ? null : Changed(part, first, Between(part.Time, first.Service, until), change, $"{Describe(part, full.Net, earning, part.Time)}; {before} billed, {left} left; {change}");
    }

    /// <summary>
    /// What was billed, and what the time has changed by since: a discount was rounded of the part that was billed, so that the same of a whole period may be a cent off. Without a
    /// proration unit, what ends before the time that was billed costs nothing: it is given back whole.
    /// </summary>
    private static Money Now(FeePart part, Earning earning, IssuedLine first, DateTimeOffset until) =>
        part.Terms.Proration == ProrationUnit.None && part.Time.End < until ? Money.Zero(earning.Currency) : earning.Of(part.Time) - earning.Of(first.Service) + first.Net;

    /// <summary>The charge that the others change; null when its invoice was voided.</summary>
    private static IssuedLine? FirstOf(IReadOnlyList<IssuedLine> issued) => issued.FirstOrDefault(line => line.Amount.Sign >= 0);

    /// <summary>A line of nothing had no discount and no tax that could be kept: what is more than it is a charge like any other.</summary>
    private static AmountCharge Changed(FeePart part, IssuedLine first, TimeRange service, Money change, string arithmetic) => ChargeOf(part, service, change, arithmetic) is var charge && first.Amount.IsZero
        ? charge
        : charge with { Corrects = first.Id, OriginalTax = new OriginalTax(first.TaxRate) };

    /// <summary>What is given back, or added, is of what the line cost after discounts.</summary>
    private static Earning AsDiscounted(Earning full, IssuedLine first) => first.Amount.IsZero ? full : full with { Net = full.Net * (first.Net.Exact / first.Amount.Exact) };

    /// <summary>The time by which a part became longer or shorter than it was billed; all of it when it did not.</summary>
    private static TimeRange Between(TimeRange now, TimeRange first, DateTimeOffset until) => now.End == until ? now
        : now.End < until ? new TimeRange(Later(now.End, first.Start), until) : new TimeRange(until, now.End);

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
