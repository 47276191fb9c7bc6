using Metering.Billing.Periods;
using Metering.Billing.Zones;

namespace Metering.Billing.Subscriptions;

/// <summary>A stretch of time in which usage is taken and charges run, under one set of terms.</summary>
/// <param name="Until">Null while nothing ends it.</param>
/// <param name="IsTrial">Fees are zero, usage has the trial's prices, and none of it counts towards later tiers.</param>
/// <param name="IsPaused">Nothing is served, but what was paid in advance stays paid; any other pause is in no span.</param>
public sealed record ServiceSpan(DateTimeOffset From, DateTimeOffset? Until, SubscriptionTerms Terms, bool IsTrial, bool IsPaused = false);

/// <summary>Terms that were agreed, served or not: by them periods are counted.</summary>
public sealed record AgreedTerms(DateTimeOffset From, SubscriptionTerms Terms, bool IsTrial);

/// <summary>Another zone, or other rules of the same one, whose clock counts from the first boundary after an instant.</summary>
public sealed record ZoneChange(DateTimeOffset At, ZoneRules Zone);

/// <summary>When a subscription was active, and under which terms: what rating scopes and shares are computed from.</summary>
/// <param name="Spans">In order, without overlap.</param>
/// <param name="EndedAt">Null while the subscription lives, paused or not.</param>
public sealed record ServiceHistory(IReadOnlyList<ServiceSpan> Spans, DateTimeOffset? EndedAt)
{
    /// <summary>From the start on, in order.</summary>
    public IReadOnlyList<AgreedTerms> Agreed { get; init; } = [];

    /// <summary>After the zone that it was made with, in order.</summary>
    public IReadOnlyList<ZoneChange> Zones { get; init; } = [];

    /// <summary>Where boundaries are counted from anew, whatever the interval: the start, and the end of a trial.</summary>
    public IEnumerable<DateTimeOffset> Anniversaries => Agreed.Where((one, i) => i == 0 || one.IsTrial != Agreed[i - 1].IsTrial).Select(one => one.From);

    /// <param name="facts">As they were recorded, from the first one on; up to any sequence.</param>
    public static ServiceHistory Of(Subscription draft, IEnumerable<SubscriptionFact> facts)
    {
        List<ServiceSpan> spans = [];
        List<AgreedTerms> agreed = [];
        List<ZoneChange> zones = [];
        Subscription now = draft;
        foreach (SubscriptionFact fact in facts)
        {
            now = now.With([fact]);
            bool staysPaid = now is { State: SubscriptionState.Paused, Pause.KeepsAdvance: true };
            Cut(spans, fact.EffectiveAt, IsServed(now) || staysPaid ? new ServiceSpan(fact.EffectiveAt, null, now.Terms, now.State == SubscriptionState.Trialing, staysPaid) : null);
            if (now is { BegunAt: not null, EndedAt: null })
            {
                Agree(agreed, new AgreedTerms(fact.EffectiveAt, now.Terms, now.State == SubscriptionState.Trialing));
            }

            if (fact is ZoneSet set)
            {
                zones.Add(new ZoneChange(set.EffectiveAt, set.Zone));
            }
        }

        return new ServiceHistory(spans, now.EndedAt) { Agreed = agreed, Zones = zones };
    }

    /// <summary>
    /// The billing periods of a component: from the start, anew at the end of a trial and at each change of its interval. A pause moves no boundary, and another zone
    /// counts from the next one. Null when it was never agreed.
    /// </summary>
    /// <param name="zone">That the subscription was made with.</param>
    public Timeline? PeriodsOf(string component, AnchorRule anchor, ZoneRules zone)
    {
        Timeline? timeline = null;
        (BillingInterval Interval, bool IsTrial)? current = null;
        AgreedTerms? before = null;
        DateTimeOffset anniversary = default;
        foreach (AgreedTerms agreed in Agreed)
        {
            anniversary = before is null || agreed.IsTrial != before.IsTrial ? agreed.From : anniversary;
            timeline = Moved(timeline, before?.From, agreed.From);
            before = agreed;
            if (agreed.Terms.Find(component)?.Interval is not { } interval || current == (interval, agreed.IsTrial))
            {
                continue;
            }

            DateTimeOffset counted = current is { } old && old.IsTrial == agreed.IsTrial ? agreed.From : anniversary;
            ZoneRules there = ZoneAt(counted, zone);
            Cadence cadence = new(there, interval, anchor.Resolve(counted, there, interval));

            // What is added later has the boundaries of what was there from the anniversary on.
            timeline = timeline is null
                ? Moved(Timeline.Beginning(counted, cadence), counted, agreed.From)!.StartingAt(agreed.From)
                : Moved(timeline.ContinuedBy(cadence, counted), counted, agreed.From);
            current = (interval, agreed.IsTrial);
        }

        timeline = Moved(timeline, before?.From, DateTimeOffset.MaxValue);
        return EndedAt is { } end ? timeline?.EndingAt(end) : timeline;
    }

    private ZoneRules ZoneAt(DateTimeOffset instant, ZoneRules first) => Zones.LastOrDefault(change => change.At <= instant)?.Zone ?? first;

    /// <summary>With the zones that came after an instant and before another.</summary>
    private Timeline? Moved(Timeline? timeline, DateTimeOffset? after, DateTimeOffset before) =>
        Zones.Where(change => change.At >= after && change.At < before).Aggregate(timeline, (moved, change) => moved?.MovedTo(change.Zone, change.At));

    private static void Agree(List<AgreedTerms> agreed, AgreedTerms next)
    {
        if (agreed.Count > 0 && agreed[^1].From == next.From)
        {
            agreed.RemoveAt(agreed.Count - 1);
        }

        if (agreed.Count == 0 || (agreed[^1].Terms, agreed[^1].IsTrial) != (next.Terms, next.IsTrial))
        {
            agreed.Add(next);
        }
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
