using Metering.Billing.Catalog;
using Metering.Billing.Invoicing;
using Metering.Billing.Periods;
using Metering.Billing.Proration;
using Metering.Billing.Subscriptions;

namespace Metering.Billing.Runs;

/// <summary>
/// Commitments that end: the period of a commitment is that of its component with the longest interval, and what counts is every line of its components whose service
/// begins within it, less what credit notes gave back of it. It is due with the last of them, which may be after its end: a week begins in one month and ends in the next. What was waived counts as billed: it is not charged by another name. A commitment that goes from one component
/// to another within a period that both have is charged once for it, at its last end.
/// </summary>
internal static class CommitmentCharges
{
    /// <param name="isDue">By the instant at which all that counts is due.</param>
    /// <returns>With the component whose period it has.</returns>
    public static IEnumerable<(CommitmentCharge Charge, string Component, BillingPeriod Period)> Of(BillingHistory history, Func<DateTimeOffset, bool> isDue, DateTimeOffset until, IReadOnlyList<IssuedLine> issued)
    {
        foreach (IGrouping<(string Key, TimeRange Full), (Commitment Commitment, SubscriptionItem Item, BillingPeriod Period)> same in Owned(history, until)
            .GroupBy(one => (KeyOf(history, one.Commitment, one.Item, one.Period), one.Period.Full)))
        {
            (Commitment commitment, SubscriptionItem item, BillingPeriod period) = same.MaxBy(one => one.Period.Service.End);
            if (isDue(DueAt(history, commitment, period)) && !issued.Any(line => line.Period == period.Full && line.Key == $"commitment:{same.Key.Key}"))
            {
                TimeRange[] active = [.. Active(history, commitment.Key, [.. same.Select(one => one.Period.Service)])];
                yield return (Of(history, commitment, item, period, active, issued), item.Component, period);
            }
        }
    }

    public static bool IsTrueUp(IssuedLine line) => line.Component.Length == 0 && line.Key.StartsWith("commitment:", StringComparison.Ordinal);

    private static IEnumerable<(Commitment Commitment, SubscriptionItem Item, BillingPeriod Period)> Owned(BillingHistory history, DateTimeOffset until) =>
        from one in Committed(history)
        from period in history.PeriodsOf(one.Item.Component, until)
        where Owner(history, one.Commitment.Key, period) == one.Span
        select (one.Commitment, one.Item, period);

    private static CommitmentCharge Of(
        BillingHistory history, Commitment commitment, SubscriptionItem item, BillingPeriod period, IReadOnlyList<TimeRange> active, IReadOnlyList<IssuedLine> issued)
    {
        Fraction share = commitment.OnEarlyEnd == EarlyEnd.Full && history.Service.EndedAt == period.Service.End
            ? Fraction.One
            : ScopeShare.Of(active, new ProrationClock(period.Full, history.Prices[item.Price].Proration, period.Zone));
        Money earlier = issued
            .Where(line => commitment.Components.Contains(line.Component) && period.Full.Contains(line.Service.Start))
            .Aggregate(Money.Zero(history.Currency), (sum, line) => sum + line.Amount - line.Credited);
        return new CommitmentCharge(KeyOf(history, commitment, item, period), commitment.Amount, commitment.Components, share, earlier, "", period.Full);
    }

    private static DateTimeOffset DueAt(BillingHistory history, Commitment commitment, BillingPeriod period)
    {
        IEnumerable<DateTimeOffset> counted =
            from component in commitment.Components
            from one in history.PeriodsOf(component, period.Full.End)
            where one.Full.Start < period.Full.End && one.Full.End > period.Full.End
            from due in PeriodPlan.FeesOf(history, component, one).Where(part => period.Full.Contains(part.Time.Start)).Select(part => part.DueAt)
                .Concat(PeriodPlan.UsageOf(history, component, one).Where(scope => period.Full.Contains(scope.Active[0].Start)).Select(scope => scope.DueAt))
            select due;
        return counted.Append(period.Service.End).Max();
    }

    private static string KeyOf(BillingHistory history, Commitment commitment, SubscriptionItem item, BillingPeriod period) => commitment.Key + history.MarkOf(item.Component, period);

    /// <summary>Each commitment once for each span that has it.</summary>
    private static IEnumerable<(Commitment Commitment, ServiceSpan Span, SubscriptionItem Item)> Committed(BillingHistory history) =>
        from span in history.Service.Spans
        where !span.IsTrial && !span.IsPaused
        from commitment in history.CommitmentsOf(span.Terms)
        let items = commitment.Components.Select(span.Terms.Find).OfType<SubscriptionItem>()
        let longest = items.MaxBy(item => item.Interval.ApproximateDays)
        where longest is not null
        select (commitment, span, longest);

    /// <param name="served">In the order of their beginning.</param>
    private static IEnumerable<TimeRange> Active(BillingHistory history, string commitment, IReadOnlyList<TimeRange> served)
    {
        foreach (ServiceSpan span in history.Service.Spans.Where(span => Has(history, span, commitment)))
        {
            TimeRange left = new(span.From, span.Until ?? DateTimeOffset.MaxValue);
            foreach (TimeRange one in served)
            {
                TimeRange time = one.Intersect(left);
                if (!time.IsEmpty)
                {
                    left = new TimeRange(time.End, left.End);
                    yield return time;
                }
            }
        }
    }

    /// <summary>The last span of the period that has the commitment decides how much it is.</summary>
    private static ServiceSpan? Owner(BillingHistory history, string commitment, BillingPeriod period) => history.Service.Spans.LastOrDefault(span =>
        span.From < period.Service.End && (span.Until is not { } end || end > period.Service.Start) && Has(history, span, commitment));

    private static bool Has(BillingHistory history, ServiceSpan span, string commitment) =>
        !span.IsTrial && !span.IsPaused && history.CommitmentsOf(span.Terms).Any(one => one.Key == commitment);
}
