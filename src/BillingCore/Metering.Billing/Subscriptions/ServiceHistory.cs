using Metering.Billing.Periods;
using Metering.Billing.Zones;

namespace Metering.Billing.Subscriptions;

/// <summary>A stretch of time in which usage is taken and charges run, under one set of terms.</summary>
/// <param name="Until">Null while nothing ends it.</param>
/// <param name="IsTrial">Fees are zero, usage has the trial's prices, and none of it counts towards later tiers.</param>
/// <param name="IsPaused">Nothing is served, but what was paid in advance stays paid; any other pause is in no span.</param>
public sealed record ServiceSpan(DateTimeOffset From, DateTimeOffset? Until, SubscriptionTerms Terms, bool IsTrial, bool IsPaused = false);

/// <summary>When a subscription was active, and under which terms: what rating scopes and shares are computed from.</summary>
/// <param name="Spans">In order, without overlap.</param>
/// <param name="EndedAt">Null while the subscription lives, paused or not.</param>
public sealed record ServiceHistory(IReadOnlyList<ServiceSpan> Spans, DateTimeOffset? EndedAt)
{
    /// <param name="facts">As they were recorded, from the first one on; up to any sequence.</param>
    public static ServiceHistory Of(Subscription draft, IEnumerable<SubscriptionFact> facts)
    {
        List<ServiceSpan> spans = [];
        Subscription now = draft;
        foreach (SubscriptionFact fact in facts)
        {
            now = now.With([fact]);
            bool staysPaid = now is { State: SubscriptionState.Paused, Pause.KeepsAdvance: true };
            Cut(spans, fact.EffectiveAt, IsServed(now) || staysPaid ? new ServiceSpan(fact.EffectiveAt, null, now.Terms, now.State == SubscriptionState.Trialing, staysPaid) : null);
        }

        return new ServiceHistory(spans, now.EndedAt);
    }

    /// <summary>
    /// The billing periods of a component: from the start, anew at the end of a trial and at each change of its interval. A pause moves no boundary. Null
    /// when it was never active.
    /// </summary>
    public Timeline? PeriodsOf(string component, AnchorRule anchor, ZoneRules zone)
    {
        Timeline? timeline = null;
        (BillingInterval Interval, bool IsTrial)? current = null;
        DateTimeOffset anniversary = default;
        bool wasTrial = false;
        foreach (ServiceSpan span in Spans)
        {
            anniversary = span == Spans[0] || span.IsTrial != wasTrial ? span.From : anniversary;
            wasTrial = span.IsTrial;
            if (span.Terms.Find(component)?.Interval is not { } interval || current == (interval, span.IsTrial))
            {
                continue;
            }

            bool changesInterval = current is { } before && before.IsTrial == span.IsTrial;
            Cadence cadence = new(zone, interval, anchor.Resolve(changesInterval ? span.From : anniversary, zone, interval));
            timeline = timeline is null ? Timeline.Beginning(span.From, cadence) : timeline.ContinuedBy(cadence, span.From);
            current = (interval, span.IsTrial);
        }

        return EndedAt is { } end ? timeline?.EndingAt(end) : timeline;
    }

    private static void Cut(List<ServiceSpan> spans, DateTimeOffset at, ServiceSpan? next)
    {
        ServiceSpan? last = spans.Count > 0 && spans[^1].Until is null ? spans[^1] : null;
        if (last is not null && next is not null && last.Terms == next.Terms && (last.IsTrial, last.IsPaused) == (next.IsTrial, next.IsPaused))
        {
            return;
        }

        if (last is not null)
        {
            spans.RemoveAt(spans.Count - 1);
            if (last.From < at)
            {
                spans.Add(last with { Until = at });
            }
        }

        if (next is not null)
        {
            spans.Add(next);
        }
    }

    private static bool IsServed(Subscription subscription) =>
        subscription.State is SubscriptionState.Trialing or SubscriptionState.Active or SubscriptionState.PastDue or SubscriptionState.Unpaid;
}
