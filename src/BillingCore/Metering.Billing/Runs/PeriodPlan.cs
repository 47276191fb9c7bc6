using Metering.Billing.Periods;
using Metering.Billing.Proration;
using Metering.Billing.Subscriptions;

namespace Metering.Billing.Runs;

/// <summary>What one component has to be billed for in one of its periods, by the history as it is recorded.</summary>
internal static class PeriodPlan
{
    /// <summary>
    /// Fees, cut where the price or the quantity changes and where service stops. A trial has none; a pause that keeps what was paid ahead keeps it to the end of the period that
    /// had begun.
    /// </summary>
    public static IEnumerable<FeePart> FeesOf(BillingHistory history, string component, BillingPeriod period)
    {
        FeePart? part = null;
        foreach ((ServiceSpan span, SubscriptionItem item, PricedComponent terms, TimeRange time) in Served(history, component, period))
        {
            if (span.IsTrial || terms.Timing == ChargeTiming.Usage || (span.IsPaused && !(terms.Timing == ChargeTiming.Advance && period.Service.Start < span.From)))
            {
                continue;
            }

            if (part is not null && part.Time.End == time.Start && (part.Price, part.Quantity) == (item.Price, item.Quantity))
            {
                part = part with { Time = new TimeRange(part.Time.Start, time.End) };
                continue;
            }

            if (part is not null)
            {
                yield return part;
            }

            part = new FeePart(component, item.Price, item.Quantity, period, time, terms);
        }

        if (part is not null)
        {
            yield return part;
        }
    }

    /// <summary>Usage, one scope for each content of the price, however often it came and went.</summary>
    public static IEnumerable<RatingScope> UsageOf(BillingHistory history, string component, BillingPeriod period) =>
        from one in Served(history, component, period)
        where one.Terms.Timing == ChargeTiming.Usage && !one.Span.IsPaused
        group one by (one.Item.Price, one.Span.IsTrial) into scope
        let terms = scope.First().Terms
        let active = scope.Select(one => one.Time).ToList()
        select new RatingScope(component, scope.Key.Price, period, active, ScopeShare.Of(active, new ProrationClock(period.Full, terms.Proration, history.Zone)), scope.Key.IsTrial, terms)
        {
            Mark = history.MarkOf(component, period),
        };

    private static IEnumerable<(ServiceSpan Span, SubscriptionItem Item, PricedComponent Terms, TimeRange Time)> Served(BillingHistory history, string component, BillingPeriod period)
    {
        foreach (ServiceSpan span in history.Service.Spans)
        {
            TimeRange time = period.Service.Intersect(new TimeRange(span.From, span.Until ?? DateTimeOffset.MaxValue));
            if (!time.IsEmpty && span.Terms.Find(component) is { } item)
            {
                yield return (span, item, history.Prices[item.Price], time);
            }
        }
    }
}
