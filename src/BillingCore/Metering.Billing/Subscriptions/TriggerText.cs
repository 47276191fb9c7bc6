namespace Metering.Billing.Subscriptions;

/// <summary>What happened, as the audit log and the messages to other roles call it: <c>canceled</c>.</summary>
public static class TriggerText
{
    public static string Text(this Trigger trigger) => trigger switch
    {
        Trigger.Activate => "activated",
        Trigger.Change => "changed",
        Trigger.ScheduleChange => "change_scheduled",
        Trigger.ExtendTrial => "trial_extended",
        Trigger.ConvertTrial => "trial_converted",
        Trigger.Pause => "paused",
        Trigger.Resume or Trigger.ResumeDue => "resumed",
        Trigger.Cancel or Trigger.CancelDue => "canceled",
        Trigger.ScheduleCancel => "cancel_scheduled",
        Trigger.Undo => "undone",
        Trigger.FirstPayment => "first_paid",
        Trigger.Lapse => "lapsed",
        Trigger.Reassess => "reassessed",
        Trigger.StartDue => "started",
        Trigger.TrialEndDue => "trial_ended",
        Trigger.ChangeDue => "changed",
        Trigger.EndDue => "ended",
    };
}
