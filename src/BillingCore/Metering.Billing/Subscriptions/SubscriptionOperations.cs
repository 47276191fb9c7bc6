using Metering.Billing.Zones;

namespace Metering.Billing.Subscriptions;

/// <summary>
/// What people and payments can do to a subscription. Each operation is a pure function of the subscription and its arguments; the instant is a whole UTC minute
/// (<see cref="WholeMinute.From"/> of the clock for "now") and may be in the past as long as nothing later is recorded.
/// </summary>
public static class SubscriptionOperations
{
    /// <param name="now">Decides whether the start is still to come.</param>
    public static Decision Activate(this Subscription subscription, DateTimeOffset now)
    {
        DateTimeOffset at = WholeMinute.From(now);
        bool startsLater = subscription.Start > at;
        Step step = new(subscription, Trigger.Activate, startsLater ? at : subscription.Start) { StartsLater = startsLater };
        return step.Decide();
    }

    public static Decision FirstPaymentReceived(this Subscription subscription, DateTimeOffset at) => new Step(subscription, Trigger.FirstPayment, at).Decide();

    public static Decision Lapse(this Subscription subscription, DateTimeOffset at) => new Step(subscription, Trigger.Lapse, at).Decide();

    /// <summary>Another plan, version or quantity from this minute on. Also a migration to another version.</summary>
    public static Decision Change(this Subscription subscription, SubscriptionTerms terms, DateTimeOffset at) =>
        new Step(subscription, Trigger.Change, at) { RefusedWhen = PendingCancel(subscription) }
            .Decide(first => [new TermsChanged(first, at, terms)]);

    /// <summary>The same at a later boundary. It replaces a change that was pending.</summary>
    public static Decision ScheduleChange(this Subscription subscription, SubscriptionTerms terms, DateTimeOffset at, DateTimeOffset now) =>
        new Step(subscription, Trigger.ScheduleChange, WholeMinute.From(now)) { Later = at, RefusedWhen = PendingCancel(subscription) }
            .Decide(first => [new ChangePending(first, WholeMinute.From(now), new PendingChange(terms, at))]);

    public static Decision ExtendTrial(this Subscription subscription, DateTimeOffset until, DateTimeOffset now) =>
        new Step(subscription, Trigger.ExtendTrial, WholeMinute.From(now)) { Later = until }
            .Decide(first => [new TrialSet(first, WholeMinute.From(now), until)]);

    /// <summary>The trial ends here, and the subscription is paid for from now on.</summary>
    public static Decision ConvertTrial(this Subscription subscription, DateTimeOffset at) =>
        new Step(subscription, Trigger.ConvertTrial, at).Decide(first => [new TrialSet(first, at, at)]);

    /// <param name="until">When it ends by itself.</param>
    /// <param name="length">Or how long it lasts. Neither: until it is resumed.</param>
    /// <param name="keepsAdvance">Whether advance time that is not served stays paid.</param>
    public static Decision PauseAt(this Subscription subscription, DateTimeOffset at, DateTimeOffset? until, TimeSpan? length, bool keepsAdvance)
    {
        DateTimeOffset? end = until ?? at + length;
        Step step = new(subscription, Trigger.Pause, at) { Later = end, RefusedWhen = until is not null && length is not null ? Outcome.PauseEndsTwice : null };
        Decision decision = step.Decide(first => [new PauseBegun(first, at, new ServicePause(end, keepsAdvance))]);
        return keepsAdvance ? decision with { Effects = [.. decision.Effects.Where(effect => effect != Effect.CreditUnused)] } : decision;
    }

    public static Decision Resume(this Subscription subscription, DateTimeOffset at, Standing standing) =>
        new Step(subscription, Trigger.Resume, at) { Standing = standing }.Decide();

    public static Decision Cancel(this Subscription subscription, DateTimeOffset at) => new Step(subscription, Trigger.Cancel, at).Decide();

    /// <param name="at">Usually the end of the period. Replaces an earlier wish.</param>
    public static Decision CancelLater(this Subscription subscription, DateTimeOffset at, DateTimeOffset now) =>
        new Step(subscription, Trigger.ScheduleCancel, WholeMinute.From(now)) { Later = at }
            .Decide(first => [new CancelPending(first, WholeMinute.From(now), at)]);

    /// <summary>Takes back what was asked for last: the cancellation that is pending, otherwise the change.</summary>
    public static Decision Undo(this Subscription subscription, DateTimeOffset at)
    {
        Outcome? refusal = (subscription.CancelAt, subscription.PendingChange, subscription.FollowedBy) switch
        {
            (null, null, _) => Outcome.NothingPending,
            (_, _, not null) => Outcome.AnotherFollows,
            _ => null,
        };
        return new Step(subscription, Trigger.Undo, at) { RefusedWhen = refusal }
            .Decide(first => [subscription.CancelAt is null ? new ChangePending(first, at, null) : new CancelPending(first, at, null)]);
    }

    /// <summary>After a payment, a due date or the end of a grace: the state that the open invoices call for.</summary>
    public static Decision Reassess(this Subscription subscription, DateTimeOffset at, Standing standing) =>
        new Step(subscription, Trigger.Reassess, at) { Standing = standing }.Decide();

    /// <summary>Another subscription takes over when this one ends, so its end cannot be undone.</summary>
    public static Decision Follow(this Subscription subscription, string by, DateTimeOffset at) =>
        at < subscription.LastAt ? Decision.Refused(Outcome.BeforeHistory, at) : new(Outcome.Applied, at, [new Followed(subscription.Version + 1, at, by)], []);

    /// <summary>
    /// The customer has another zone, or its rules are others. It holds at once, whatever the state; of a draft from its start, when that has passed, because nothing of it may be
    /// recorded later than its activation.
    /// </summary>
    public static Decision SetZone(this Subscription subscription, ZoneRules zone, DateTimeOffset now)
    {
        DateTimeOffset minute = WholeMinute.From(now);
        DateTimeOffset at = subscription.LastAt is { } last ? Later(last, minute) : Earlier(subscription.Start, minute);
        return subscription.Zone == zone || subscription.EndedAt is not null
            ? new Decision(Outcome.Applied, at, [], [])
            : new Decision(Outcome.Applied, at, [new ZoneSet(subscription.Version + 1, at, zone)], []);
    }

    private static DateTimeOffset Later(DateTimeOffset one, DateTimeOffset other) => one > other ? one : other;

    private static DateTimeOffset Earlier(DateTimeOffset one, DateTimeOffset other) => one < other ? one : other;

    private static Outcome? PendingCancel(Subscription subscription) => subscription.CancelAt is null ? null : Outcome.CancelPending;
}
