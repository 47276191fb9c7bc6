using Metering.Billing.Periods;
using Metering.Billing.Proration;
using Metering.Billing.Subscriptions;

namespace Metering.Billing.Runs;

/// <summary>
/// When a subscription is invoiced: where a period of one of its components begins or ends, where its service ends, and at once where a change makes it dearer. Any
/// other change waits for the invoice that comes next anyway.
/// </summary>
public static class Agenda
{
    /// <summary>The first due instant after another one; null when none is left.</summary>
    public static DateTimeOffset? NextDue(BillingHistory history, DateTimeOffset after)
    {
        DateTimeOffset? next = null;
        foreach (DateTimeOffset due in Boundaries(history, after).Concat(Upgrades(history, after)))
        {
            next = next is { } earlier && earlier <= due ? earlier : due;
        }

        // A start that was recorded late is billed once, with all that had passed by then.
        return next is { } instant && instant < history.BilledFrom ? history.BilledFrom : next;
    }

    private static IEnumerable<DateTimeOffset> Boundaries(BillingHistory history, DateTimeOffset after)
    {
        foreach (string component in history.Components)
        {
            if (history.Service.PeriodsOf(component, history.Anchor, history.Zone) is not { } timeline)
            {
                continue;
            }

            foreach (BillingPeriod period in timeline.From(after).Take(2))
            {
                if (period.Service.Start > after && Begins(history, timeline, period))
                {
                    yield return period.Service.Start;
                    break;
                }

                if (period.Service.End > after)
                {
                    yield return period.Service.End;
                    break;
                }
            }
        }
    }

    /// <summary>
    /// Whether a period begins there for itself. What is added in the middle of one is billed at once when the change makes the subscription dearer, and waits for the next
    /// invoice when not.
    /// </summary>
    private static bool Begins(BillingHistory history, Timeline timeline, BillingPeriod period) =>
        period.Service.Start != timeline.Start || period.Service.Start == period.Full.Start || history.Service.Anniversaries.Contains(timeline.Start);

    private static IEnumerable<DateTimeOffset> Upgrades(BillingHistory history, DateTimeOffset after)
    {
        ServiceSpan? before = null;
        foreach (ServiceSpan span in history.Service.Spans)
        {
            ServiceSpan? old = before is not null && before.Until == span.From ? before : null;
            if (span.From > after && PriceOf(history, span) > PriceOf(history, old))
            {
                yield return span.From;
            }

            before = span;
        }
    }

    /// <summary>What recurs, for a whole period.</summary>
    private static Fraction PriceOf(BillingHistory history, ServiceSpan? span)
    {
        Fraction price = Fraction.Zero;
        if (span is null or { IsTrial: true } or { IsPaused: true })
        {
            return price;
        }

        foreach (SubscriptionItem item in span.Terms.Items)
        {
            PricedComponent terms = history.Prices[item.Price];
            price += terms.Timing is ChargeTiming.Advance or ChargeTiming.Arrears ? FeeCharges.FullAmount(history, terms.Component, item.Quantity) : Fraction.Zero;
        }

        return price;
    }
}
