namespace Metering.Billing.Subscriptions;

/// <summary>Where a subscription is in its life. What is still to come (a change, a cancellation, the end of a pause) is data beside it.</summary>
public enum SubscriptionState
{
    /// <summary>Being put together. Nobody is bound to it.</summary>
    Draft,

    /// <summary>Agreed, and starts later.</summary>
    Scheduled,

    /// <summary>Waits for its first payment. Time never activates it; it may lapse.</summary>
    Incomplete,

    Trialing,

    Active,

    /// <summary>An open invoice is overdue.</summary>
    PastDue,

    /// <summary>An open invoice is overdue and the grace after it is over.</summary>
    Unpaid,

    /// <summary>Nothing is charged. Boundaries of periods stay where they are.</summary>
    Paused,

    /// <summary>Ended on request. Terminal.</summary>
    Canceled,

    /// <summary>Ended by its end date, by a trial that was not converted, or by a first payment that did not come. Terminal.</summary>
    Expired,
}
