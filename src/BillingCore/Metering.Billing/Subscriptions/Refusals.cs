namespace Metering.Billing.Subscriptions;

/// <summary>Why a trigger has no row in a state.</summary>
public static class Refusals
{
    public static Outcome Of(SubscriptionState state, Trigger trigger) => (state, trigger) switch
    {
        (SubscriptionState.Canceled, _) => Outcome.AlreadyCanceled,
        (SubscriptionState.Expired, _) => Outcome.AlreadyExpired,
        (SubscriptionState.Scheduled, Trigger.Activate) => Outcome.AlreadyActive,
        (SubscriptionState.Draft or SubscriptionState.Scheduled, _) => Outcome.NotStarted,
        (SubscriptionState.Incomplete, Trigger.Activate or Trigger.StartDue) => Outcome.AlreadyActive,
        (SubscriptionState.Incomplete, _) => Outcome.AwaitingPayment,
        (_, Trigger.Activate or Trigger.StartDue or Trigger.FirstPayment or Trigger.Lapse) => Outcome.AlreadyActive,
        (SubscriptionState.Trialing, Trigger.Pause or Trigger.Reassess) => Outcome.StillTrialing,
        (SubscriptionState.Paused, Trigger.ExtendTrial or Trigger.ConvertTrial or Trigger.TrialEndDue) => Outcome.NotTrialing,
        (SubscriptionState.Paused, _) => Outcome.IsPaused,
        (_, Trigger.Resume or Trigger.ResumeDue) => Outcome.NotPaused,
        (_, Trigger.ExtendTrial or Trigger.ConvertTrial or Trigger.TrialEndDue) => Outcome.NotTrialing,
        _ => Outcome.NothingPending,
    };
}
