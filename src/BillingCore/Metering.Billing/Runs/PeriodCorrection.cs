using Metering.Billing.Invoicing;
using Metering.Billing.Periods;
using Metering.Billing.Proration;
using Metering.Billing.Rating;
using Metering.Billing.Tax;

namespace Metering.Billing.Runs;

/// <summary>
/// Every line of a billed period as it is now, minus everything that was issued for it. Usage, fees in arrears and commitments are computed anew, with the discounts of
/// the period; fees that were billed ahead keep the discount that they had and change by the time that they have now. A difference is taxed at the rate of the line it corrects.
/// </summary>
public static class PeriodCorrection
{
    /// <summary>Rating scopes of the period, whose usage has to be known first.</summary>
    public static IReadOnlyList<RatingScope> ScopesOf(BillingHistory history, TimeRange period) =>
        [.. PeriodsOf(history, period).SelectMany(one => PeriodPlan.UsageOf(history, one.Component, one.Period))];

    /// <summary>Differences, in the order of the lines; empty when the period was billed as it is.</summary>
    /// <param name="billedTo">What is due by then is billed: a commitment that is due later is for an invoice.</param>
    /// <param name="all">All lines of the subscription, those of earlier corrections included: a commitment may count lines of other periods.</param>
    public static IReadOnlyList<AmountCharge> Of(BillingHistory history, TimeRange period, DateTimeOffset billedTo, IReadOnlyList<IssuedLine> all, TaxTerms tax, Func<RatingScope, Usage> usage)
    {
        IssuedLine[] issued = [.. all.Where(line => line.Period == period)];
        IssuedLine[] live = [.. issued.Where(line => !line.IsVoid)];
        AmountCharge[] fees = [.. Fees(history, period, issued)];
        HashSet<string> ahead = [.. Ahead(history, period).Select(part => part.Key)];
        HashSet<string> whole = [.. fees.Where(fee => fee.OriginalTax is null).Select(fee => fee.Key)];
        IssuedLine[] stays = [.. all.Where(line => line.Period != period || (ahead.Contains(line.Key) && !whole.Contains(line.Key)))];
        Invoice now = InvoiceComputation.Compute(Inputs(history, period, live, fees, Commitments(history, period, billedTo, issued, stays), tax, usage));
        HashSet<string> recomputed = [.. now.Lines.Select(line => line.Key), .. ahead];
        return
        [
            .. fees.Zip(now.Lines, (fee, line) => Change(fee, line, [.. issued.Where(one => one.Key == fee.Key)])).Where(fee => !fee.Amount.IsZero),
            .. now.Lines.Skip(fees.Length).Select(line => Change(line, [.. issued.Where(one => one.Key == line.Key)])).OfType<AmountCharge>(),
            .. issued.Where(line => line.Recognition != LineRecognition.GrantPurchase && !recomputed.Contains(line.Key))
                .GroupBy(line => line.Key, StringComparer.Ordinal)
                .Select(gone => Difference([.. gone], Money.Zero(history.Currency), gone.First().Component, gone.First().Service, "", gone.Key) is { } change
                    ? change with { Recognition = gone.First().Recognition }
                    : null)
                .OfType<AmountCharge>(),
        ];
    }

    /// <summary>Billed commitments that count lines of this period, and end before it does.</summary>
    public static IReadOnlyList<TimeRange> CountedBy(TimeRange period, IEnumerable<IssuedLine> all) =>
        [.. all.Where(line => CommitmentCharges.IsTrueUp(line) && line.Period.Contains(period.Start) && line.Period.End < period.End).Select(line => line.Period).Distinct()];

    private static IEnumerable<FeePart> Ahead(BillingHistory history, TimeRange period) => PeriodsOf(history, period).SelectMany(one => DueCharges.AheadOf(history, one.Component, one.Period));

    private static IEnumerable<AmountCharge> Fees(BillingHistory history, TimeRange period, IReadOnlyList<IssuedLine> issued) =>
        from part in Ahead(history, period)
        let charge = FeeCharges.Corrected(history, part, [.. issued.Where(line => line.Key == part.Key)])
        where charge is not null
        select charge;

    /// <param name="stays">What they count of what was issued: all that is not computed anew.</param>
    private static CommitmentCharge[] Commitments(BillingHistory history, TimeRange period, DateTimeOffset billedTo, IReadOnlyList<IssuedLine> issued, IReadOnlyList<IssuedLine> stays) =>
    [
        .. CommitmentCharges.Of(history, due => due <= billedTo || issued.Any(line => CommitmentCharges.IsTrueUp(line)), period.End, stays).Select(one => one.Charge).Where(one => one.Period == period),
    ];

    private static InvoiceInputs Inputs(
        BillingHistory history, TimeRange period, IReadOnlyList<IssuedLine> live, IReadOnlyList<AmountCharge> fees, IReadOnlyList<CommitmentCharge> commitments, TaxTerms tax, Func<RatingScope, Usage> usage)
    {
        IssuedLine[] ahead = [.. live.Where(line => line.Recognition is LineRecognition.Advance or LineRecognition.Once)];
        (string Component, BillingPeriod Period)[] periods = [.. PeriodsOf(history, period)];
        return new InvoiceInputs
        {
            Subscription = history.Subscription,
            HistorySequence = 0,
            Seal = 0,
            ApprovedHistorySeal = 0,
            Tzdb = "",
            Currency = history.Currency,
            Rounding = history.Rounding,
            Charges =
            [
                .. fees,
                .. periods.SelectMany(one => PeriodPlan.FeesOf(history, one.Component, one.Period)).Where(part => part.Terms.Timing == ChargeTiming.Arrears).Select(part => FeeCharges.Of(history, part, [])!),
                .. ScopesOf(history, period).Select(scope => UsageCharges.Of(history, scope, usage(scope))).OfType<UsageCharge>(),
            ],
            Commitments = commitments,
            Discounts = DiscountCover.Of(history, periods, ahead),
            Tax = tax,
        };
    }

    private static AmountCharge Change(AmountCharge fee, InvoiceLine line, IReadOnlyList<IssuedLine> issued) => fee with
    {
        Amount = line.Amount - line.Discount - (fee.OriginalTax is null ? Issued(fee.Amount.Currency, issued) : Money.Zero(fee.Amount.Currency)),
        Corrects = fee.Corrects ?? (issued.Count > 0 ? issued[0].Id : null),
        OriginalTax = fee.OriginalTax ?? new OriginalTax(issued.Count > 0 ? issued[0].TaxRate : line.TaxRate),
    };

    private static Money Issued(Currency currency, IReadOnlyList<IssuedLine> issued) => issued.Aggregate(Money.Zero(currency), (sum, line) => sum + line.Net - line.Credited);

    private static AmountCharge? Change(InvoiceLine line, IReadOnlyList<IssuedLine> issued) =>
        Difference(issued, line.Amount - line.Discount, line.Component, line.Service, line.PricedBy, line.Key) is { } change
            ? change with { Period = line.Period, Recognition = line.Recognition, OriginalTax = issued.Count > 0 ? new OriginalTax(issued[0].TaxRate) : new OriginalTax(line.TaxRate) }
            : null;

    /// <summary>Null when it was issued as it is. Of what was waived nothing can be given back, and only what is more than it is charged.</summary>
    private static AmountCharge? Difference(IReadOnlyList<IssuedLine> issued, Money now, string component, TimeRange service, string pricedBy, string key)
    {
        Money before = Issued(now.Currency, issued);
        Money change = issued.Any(line => line.IsVoid) ? Money.Max(now - before, -FeeCharges.Creditable(now.Currency, issued)) : now - before;

        return change.IsZero ? null : new AmountCharge
        {
            Key = issued.Count > 0 ? issued[0].Key : key,
            Component = component,
            PricedBy = pricedBy,
            Period = issued.Count > 0 ? issued[0].Period : service,
            Service = service,
            Recognition = LineRecognition.Arrears,
            OriginalTax = issued.Count > 0 ? new OriginalTax(issued[0].TaxRate) : null,
            Amount = change,
            Corrects = issued.Count > 0 ? issued[0].Id : null,
            Arithmetic = $"{now} by all that is known now, {before} issued",
        };
    }

    private static IEnumerable<(string Component, BillingPeriod Period)> PeriodsOf(BillingHistory history, TimeRange period) =>
        from component in history.Components
        from one in history.PeriodsOf(component, period.End)
        where one.Full == period
        select (component, one);
}
