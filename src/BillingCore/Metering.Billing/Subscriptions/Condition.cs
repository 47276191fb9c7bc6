namespace Metering.Billing.Subscriptions;

/// <summary>What a transition depends on besides state and trigger.</summary>
public enum Condition
{
    Always,
    StartsLater,
    NeedsFirstPayment,
    HasTrial,
    TrialConverts,
    NothingOverdue,
    WithinGrace,
    GraceOver,
}

/// <summary>How the open invoices of a subscription stand.</summary>
public enum Standing
{
    /// <summary>No open invoice is overdue.</summary>
    Good,

    /// <summary>One is overdue, none beyond its grace.</summary>
    Overdue,

    /// <summary>One is overdue beyond its grace.</summary>
    GraceOver,
}
