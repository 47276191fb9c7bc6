namespace Metering.Billing.Subscriptions;

/// <summary>What time brings, without anybody asking.</summary>
public static class SubscriptionClock
{
    /// <summary>
    /// The next thing that is due at or before <paramref name="now"/>; null when nothing is. Apply it and ask again: each is recorded at its own instant. An
    /// end comes before a cancellation, and both before whatever else is due at the same minute. Nothing is due while the first payment is waited for.
    /// </summary>
    public static Decision? Due(this Subscription subscription, DateTimeOffset now, Standing standing)
    {
        foreach ((Trigger trigger, DateTimeOffset? due) in Pending(subscription).OrderBy(one => one.At))
        {
            if (due <= now && TransitionTable.Rows.Any(row => row.From == subscription.State && row.On == trigger))
            {
                return Decide(subscription, trigger, due.Value < subscription.LastAt ? subscription.LastAt.Value : due.Value, standing);
            }
        }

        return null;
    }

    private static (Trigger Trigger, DateTimeOffset? At)[] Pending(Subscription subscription) =>
    [
        (Trigger.StartDue, subscription.Start),
        (Trigger.EndDue, subscription.End),
        (Trigger.CancelDue, subscription.CancelAt),
        (Trigger.TrialEndDue, subscription.TrialEnd),
        (Trigger.ChangeDue, subscription.PendingChange?.At),
        (Trigger.ResumeDue, subscription.Pause?.Until),
    ];

    private static Decision Decide(Subscription subscription, Trigger trigger, DateTimeOffset at, Standing standing)
    {
        Step step = new(subscription, trigger, at) { Standing = standing };
        return trigger == Trigger.ChangeDue
            ? step.Decide(first => [new TermsChanged(first, at, subscription.PendingChange!.Terms), new ChangePending(first + 1, at, null)])
            : step.Decide();
    }
}
