using Metering.Billing.Zones;

namespace Metering.Billing.Subscriptions;

/// <summary>
/// Something that happened to a subscription. Facts are added and never changed; a subscription is what they say together. They are in the order of
/// their sequence, which is the order of their effective instants too, so that no fact reaches behind an earlier one.
/// </summary>
/// <param name="Sequence">1, 2, 3 … within the subscription. An invoice names the last one it was computed from.</param>
/// <param name="EffectiveAt">A whole UTC minute. May be before it was recorded (a backdated start).</param>
public abstract record SubscriptionFact(long Sequence, DateTimeOffset EffectiveAt)
{
    internal abstract Subscription ApplyTo(Subscription before);
}

public sealed record Moved(long Sequence, DateTimeOffset EffectiveAt, SubscriptionState To) : SubscriptionFact(Sequence, EffectiveAt)
{
    internal override Subscription ApplyTo(Subscription before) => before with
    {
        State = To,
        BegunAt = before.BegunAt ?? (To is SubscriptionState.Trialing or SubscriptionState.Active ? EffectiveAt : null),
        EndedAt = To is SubscriptionState.Canceled or SubscriptionState.Expired ? EffectiveAt : null,
        Pause = To == SubscriptionState.Paused ? before.Pause : null,
    };
}

public sealed record TermsChanged(long Sequence, DateTimeOffset EffectiveAt, SubscriptionTerms Terms) : SubscriptionFact(Sequence, EffectiveAt)
{
    internal override Subscription ApplyTo(Subscription before) => before with { Terms = Terms };
}

public sealed record ChangePending(long Sequence, DateTimeOffset EffectiveAt, PendingChange? Change) : SubscriptionFact(Sequence, EffectiveAt)
{
    internal override Subscription ApplyTo(Subscription before) => before with { PendingChange = Change };
}

public sealed record CancelPending(long Sequence, DateTimeOffset EffectiveAt, DateTimeOffset? At) : SubscriptionFact(Sequence, EffectiveAt)
{
    internal override Subscription ApplyTo(Subscription before) => before with { CancelAt = At };
}

public sealed record PauseBegun(long Sequence, DateTimeOffset EffectiveAt, ServicePause Pause) : SubscriptionFact(Sequence, EffectiveAt)
{
    internal override Subscription ApplyTo(Subscription before) => before with { Pause = Pause };
}

public sealed record TrialSet(long Sequence, DateTimeOffset EffectiveAt, DateTimeOffset End) : SubscriptionFact(Sequence, EffectiveAt)
{
    internal override Subscription ApplyTo(Subscription before) => before with { TrialEnd = End };
}

/// <summary>A phase began that lasts until then, or one that stays.</summary>
public sealed record PhaseEndSet(long Sequence, DateTimeOffset EffectiveAt, DateTimeOffset? End) : SubscriptionFact(Sequence, EffectiveAt)
{
    internal override Subscription ApplyTo(Subscription before) => before with { PhaseEnd = End };
}

/// <summary>The customer's clock became that of another zone, or a release of the zones has other rules for it. Boundaries follow from the next one on.</summary>
public sealed record ZoneSet(long Sequence, DateTimeOffset EffectiveAt, ZoneRules Zone) : SubscriptionFact(Sequence, EffectiveAt)
{
    internal override Subscription ApplyTo(Subscription before) => before with { Zone = Zone };
}

public sealed record Followed(long Sequence, DateTimeOffset EffectiveAt, string By) : SubscriptionFact(Sequence, EffectiveAt)
{
    internal override Subscription ApplyTo(Subscription before) => before with { FollowedBy = By };
}
