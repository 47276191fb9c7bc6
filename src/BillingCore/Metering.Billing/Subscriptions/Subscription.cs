using Metering.Billing.Zones;

namespace Metering.Billing.Subscriptions;

/// <summary>Another set of terms that takes over at a boundary.</summary>
public sealed record PendingChange(SubscriptionTerms Terms, DateTimeOffset At);

/// <param name="Until">When it ends by itself; null when it waits to be resumed.</param>
/// <param name="KeepsAdvance">Whether advance time that is not served stays paid.</param>
public sealed record ServicePause(DateTimeOffset? Until, bool KeepsAdvance);

/// <summary>A subscription as its facts have made it.</summary>
public sealed record Subscription
{
    /// <summary>What a draft is made with. Whole UTC minutes.</summary>
    /// <param name="start">May be in the past: a backdated start is billed for each period that has passed.</param>
    /// <param name="end">When it ends by itself; null when nothing ends it.</param>
    /// <param name="trialEnd">Null for none.</param>
    /// <param name="trialConverts">Whether the end of the trial makes it active; if not, the trial expires.</param>
    /// <exception cref="ArgumentException">The end or the trial's end is not after the start, or an instant is not a whole minute.</exception>
    public static Subscription Draft(
        string id, SubscriptionTerms terms, DateTimeOffset start, DateTimeOffset? end, DateTimeOffset? trialEnd, bool trialConverts, bool needsFirstPayment)
    {
        foreach (DateTimeOffset instant in new[] { start, end ?? start, trialEnd ?? start })
        {
            if (!WholeMinute.Is(instant) || instant < start)
            {
                throw new ArgumentException($"{instant:O} is before the start or no whole minute.", nameof(start));
            }
        }

        if (end == start)
        {
            throw new ArgumentException("The end must be after the start.", nameof(end));
        }

        return new Subscription
        {
            Id = id,
            Terms = terms,
            Start = start,
            End = end,
            TrialEnd = trialEnd > start ? trialEnd : null,
            TrialConverts = trialConverts,
            NeedsFirstPayment = needsFirstPayment,
        };
    }

    public required string Id { get; init; }

    public required SubscriptionTerms Terms { get; init; }

    /// <summary>On whose wall clock the phases last. The customer's when the subscription was made, until another is set.</summary>
    public ZoneRules Zone { get; init; } = ZoneRules.Utc;

    /// <summary>When the next phase takes over; null when none does, or not before the trial ends.</summary>
    public DateTimeOffset? PhaseEnd { get; init; }

    public SubscriptionState State { get; init; }

    /// <summary>When it is to start, or, with a first payment to wait for, the earliest it can.</summary>
    public required DateTimeOffset Start { get; init; }

    /// <summary>When service began; null before.</summary>
    public DateTimeOffset? BegunAt { get; init; }

    public DateTimeOffset? End { get; init; }

    /// <summary>When it was canceled or expired; null while it lives.</summary>
    public DateTimeOffset? EndedAt { get; init; }

    public DateTimeOffset? TrialEnd { get; init; }

    public bool TrialConverts { get; init; }

    public bool NeedsFirstPayment { get; init; }

    public PendingChange? PendingChange { get; init; }

    public DateTimeOffset? CancelAt { get; init; }

    public ServicePause? Pause { get; init; }

    /// <summary>The subscription that takes over when this one ends.</summary>
    public string? FollowedBy { get; init; }

    /// <summary>The sequence of the last fact; 0 for a draft without any.</summary>
    public long Version { get; init; }

    /// <summary>The effective instant of the last fact; the start before there is one.</summary>
    public DateTimeOffset? LastAt { get; init; }

    /// <summary>The terms that the phases of the plan bring by then, if nobody asks for others.</summary>
    public SubscriptionTerms TermsAt(DateTimeOffset at)
    {
        bool leavesTrial = Terms is { IsTrial: true, Next: not null } && TrialEnd <= at;
        SubscriptionTerms terms = leavesTrial ? Terms.Next!.Terms : Terms;
        DateTimeOffset? end = leavesTrial && terms.Next is { } first ? PhaseFacts.EndOf(TrialEnd!.Value, first.After, Zone) : PhaseEnd;
        while (end <= at && terms.Next is { } next)
        {
            terms = next.Terms;
            end = terms.Next is { } following ? PhaseFacts.EndOf(end.Value, following.After, Zone) : null;
        }

        return terms;
    }

    /// <summary>The subscription after the facts.</summary>
    /// <exception cref="ArgumentException">A fact does not follow the one before it.</exception>
    public Subscription With(IEnumerable<SubscriptionFact> facts)
    {
        Subscription now = this;
        foreach (SubscriptionFact fact in facts)
        {
            if (fact.Sequence != now.Version + 1 || fact.EffectiveAt < now.LastAt)
            {
                throw new ArgumentException($"Fact {fact.Sequence} at {fact.EffectiveAt:O} does not follow fact {now.Version} at {now.LastAt:O}.", nameof(facts));
            }

            now = fact.ApplyTo(now) with { Version = fact.Sequence, LastAt = fact.EffectiveAt };
        }

        return now;
    }
}
