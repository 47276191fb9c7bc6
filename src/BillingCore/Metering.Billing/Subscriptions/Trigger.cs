namespace Metering.Billing.Subscriptions;

/// <summary>What can happen to a subscription: requests first, then what payments and the clock bring.</summary>
public enum Trigger
{
    Activate,

    /// <summary>Another plan, version, price book or quantity, now. A migration is one of these.</summary>
    Change,

    /// <summary>The same at a later boundary.</summary>
    ScheduleChange,

    ExtendTrial,
    ConvertTrial,
    Pause,
    Resume,
    Cancel,

    /// <summary>Cancel at a later instant, usually the end of the period.</summary>
    ScheduleCancel,

    /// <summary>Takes back what is pending.</summary>
    Undo,

    FirstPayment,

    /// <summary>The first payment is not waited for any longer.</summary>
    Lapse,

    /// <summary>Open invoices were paid, or became overdue, or their grace ended.</summary>
    Reassess,

    StartDue,
    TrialEndDue,
    ChangeDue,
    ResumeDue,
    CancelDue,
    EndDue,
}
