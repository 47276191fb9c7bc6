using Metering.Billing.Invoicing;
using Metering.Billing.Periods;
using Metering.Billing.Proration;
using Metering.Billing.Rating;

namespace Metering.Billing.Runs;

/// <summary>What one invoice bills: the parts of its <see cref="InvoiceInputs"/> that follow from the history.</summary>
public sealed record DueLines(IReadOnlyList<Charge> Charges, IReadOnlyList<CommitmentCharge> Commitments, IReadOnlyList<PeriodDiscounts> Discounts)
{
    public bool IsEmpty => Charges.Count == 0 && Commitments.Count == 0;
}

/// <summary>
/// What became due in a stretch of time and was not billed yet: usage and arrears of the periods that ended, fees of those that began, and what changes add to or take
/// off fees that were billed ahead. A function of the history, of what was issued and of the usage; asked again with the same, it says the same.
/// </summary>
public static class DueCharges
{
    /// <summary>Rating scopes whose usage has to be known first.</summary>
    /// <param name="after">Exclusive: what was due by then is billed, or is for a correction.</param>
    /// <param name="at">Inclusive.</param>
    public static IReadOnlyList<RatingScope> ScopesOf(BillingHistory history, DateTimeOffset after, DateTimeOffset at, IReadOnlyList<IssuedLine> issued)
    {
        ILookup<TimeRange, string> billed = issued.ToLookup(line => line.Period, line => line.Key);
        return
        [
            .. from one in Periods(history, after, at)
               from scope in PeriodPlan.UsageOf(history, one.Component, one.Period)
               where scope.DueAt > after && scope.DueAt <= at && !billed[scope.Period.Full].Any(scope.IsKeyOf)
               select scope,
        ];
    }

    /// <param name="usage">Of each scope that <see cref="ScopesOf"/> names; null leaves usage, arrears and commitments for a later invoice.</param>
    public static DueLines Of(BillingHistory history, DateTimeOffset after, DateTimeOffset at, IReadOnlyList<IssuedLine> issued, Func<RatingScope, Usage>? usage)
    {
        List<Charge> charges = [];
        ILookup<(TimeRange, string), IssuedLine> byIdentity = issued.ToLookup(line => (line.Period, line.Key));
        IReadOnlyList<RatingScope> scopes = usage is null ? [] : ScopesOf(history, after, at, issued);
        ILookup<(string, TimeRange), RatingScope> scopesOf = scopes.ToLookup(scope => (scope.Component, scope.Period.Full));
        List<(string Component, BillingPeriod Period)> periods = [];
        foreach ((string component, BillingPeriod period) in Periods(history, after, at))
        {
            Charge[] due =
            [
                .. PeriodPlan.FeesOf(history, component, period)
                    .Where(part => IsDue(history, part, after, at, usage is not null))
                    .Select(part => FeeCharges.Of(history, part, [.. byIdentity[(period.Full, part.Key)]]))
                    .OfType<AmountCharge>(),
                .. scopesOf[(component, period.Full)].Where(scope => scope.Period == period).Select(scope => UsageCharges.Of(history, scope, usage!(scope))).OfType<UsageCharge>(),
            ];
            charges.AddRange(due);
            if (due.Length > 0)
            {
                periods.Add((component, period));
            }
        }

        charges.AddRange(Vanished(history, [.. issued.Where(line => line.Period.End > after)]));
        (CommitmentCharge Charge, string Component, BillingPeriod Period)[] commitments = usage is null ? [] : [.. CommitmentCharges.Of(history, end => end > after && end <= at, at, issued)];
        periods.AddRange(commitments.Select(one => (one.Component, one.Period)));
        return new DueLines(charges, [.. commitments.Select(one => one.Charge)], DiscountCover.Of(history, periods, issued));
    }

    /// <summary>Fees of a period that are billed ahead, as they are now.</summary>
    internal static IEnumerable<FeePart> AheadOf(BillingHistory history, string component, BillingPeriod period) => PeriodPlan.FeesOf(history, component, period)
        .Where(part => part.Terms.Timing != ChargeTiming.Arrears && IsDue(history, part, period.Full.Start, period.Full.End, withArrears: false));

    private static bool IsDue(BillingHistory history, FeePart part, DateTimeOffset after, DateTimeOffset at, bool withArrears) => part.Terms.Timing switch
    {
        ChargeTiming.Advance => part.Time.Start <= at,
        ChargeTiming.Once => part.Time.Start <= at && part.Time.Start == FirstStart(history, part.Component),
        _ => withArrears && part.DueAt > after && part.DueAt <= at,
    };

    /// <summary>Charged once in the life of the subscription, whatever its price becomes.</summary>
    private static DateTimeOffset? FirstStart(BillingHistory history, string component) =>
        history.Service.Spans.FirstOrDefault(span => !span.IsTrial && span.Terms.Find(component) is not null)?.From;

    /// <summary>
    /// Parts that were billed ahead and that a backdated change has left without any time: they are given back whole. What is billed again may be due before the periods that
    /// other invoices have billed since, and these are still there.
    /// </summary>
    private static IEnumerable<AmountCharge> Vanished(BillingHistory history, IReadOnlyList<IssuedLine> issued)
    {
        DateTimeOffset last = issued.Select(line => line.Period.End).DefaultIfEmpty(DateTimeOffset.MinValue).Max();
        HashSet<(TimeRange, string)> there =
        [
            .. from component in history.Components
               from period in history.PeriodsOf(component, last)
               from part in PeriodPlan.FeesOf(history, component, period)
               select (period.Full, part.Key),
        ];
        return issued
            .Where(line => line.Recognition == LineRecognition.Advance && !there.Contains((line.Period, line.Key)))
            .GroupBy(line => line.Identity)
            .Select(part => FeeCharges.Returned(history, [.. part]))
            .OfType<AmountCharge>();
    }

    /// <summary>Periods that something of the stretch may be due in: those that began by its end and were not over before it.</summary>
    private static IEnumerable<(string Component, BillingPeriod Period)> Periods(BillingHistory history, DateTimeOffset after, DateTimeOffset at) =>
        from component in history.Components
        from period in history.PeriodsOf(component, at)
        where period.Full.End > after
        select (component, period);
}
