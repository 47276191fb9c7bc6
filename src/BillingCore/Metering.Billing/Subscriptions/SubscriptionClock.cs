namespace Metering.Billing.Subscriptions;

/// <summary>What time brings, without anybody asking.</summary>
public static class SubscriptionClock
{
    /// <summary>
    /// The next thing that is due at or before <paramref name="now"/>; null when nothing is. Apply it and ask again: each is recorded at its own instant. An
    /// end comes before a cancellation, and both before whatever else is due at the same minute. Nothing is due while the first payment is waited for.
    /// </summary>
    public static Decision? Due(this Subscription subscription, DateTimeOffset now, Standing standing) =>
        Coming(subscription) is { } next && next.At <= now ? Decide(subscription, next, standing) : null;

    /// <summary>When <see cref="Due"/> has something; null while nothing is to come.</summary>
    public static DateTimeOffset? NextDue(this Subscription subscription) => Coming(subscription)?.At;

    private static Event? Coming(Subscription subscription) => Pending(subscription)
        .Where(one => one.At is not null && TransitionTable.Rows.Any(row => row.From == subscription.State && row.On == one.Trigger))
        .OrderBy(one => one.At).FirstOrDefault();

    private static Event[] Pending(Subscription subscription) =>
    [
        new(Trigger.StartDue, subscription.Start),
        new(Trigger.EndDue, subscription.End),
        new(Trigger.CancelDue, subscription.CancelAt),
        new(Trigger.TrialEndDue, subscription.TrialEnd),
        new(Trigger.ChangeDue, subscription.PendingChange?.At)
        {
            Facts = (first, at) => [new TermsChanged(first, at, subscription.PendingChange!.Terms), new ChangePending(first + 1, at, null)],
        },
        new(Trigger.ChangeDue, subscription.PhaseEnd) { Facts = (first, at) => [new TermsChanged(first, at, subscription.Terms.Next!.Terms)] },
        new(Trigger.ResumeDue, subscription.Pause?.Until),
    ];

    private static Decision Decide(Subscription subscription, Event due, Standing standing)
    {
        DateTimeOffset at = due.At!.Value < subscription.LastAt ? subscription.LastAt.Value : due.At.Value;
        Step step = new(subscription, due.Trigger, at) { Standing = standing };
        return due.Facts is { } facts ? step.Decide(first => facts(first, at)) : step.Decide();
    }

    private sealed record Event(Trigger Trigger, DateTimeOffset? At)
    {
        /// <summary>What to record beside the move, given the first free sequence and the instant.</summary>
        public Func<long, DateTimeOffset, IReadOnlyList<SubscriptionFact>>? Facts { get; init; }
    }
}
