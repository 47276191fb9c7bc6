namespace Metering.Billing.Unbilled;

/// <summary>Why nobody is billed for usage.</summary>
public enum UnbilledReason
{
    /// <summary>The subject was nobody's.</summary>
    NoCustomer,

    /// <summary>The customer never had a subscription.</summary>
    NoSubscription,

    /// <summary>Before the first subscription of the customer began.</summary>
    BeforeStart,

    /// <summary>After a subscription of the customer had ended, and before another one began.</summary>
    AfterEnd,

    /// <summary>While the subscription was paused.</summary>
    Paused,

    /// <summary>No component of the customer's subscriptions prices the meter, or their filters leave the usage out.</summary>
    NotPriced,
}

/// <summary>The reasons as requests and answers name them.</summary>
public static class UnbilledReasons
{
    private static readonly (UnbilledReason Reason, string Name)[] s_names =
    [
        (UnbilledReason.NoCustomer, "no_customer"), (UnbilledReason.NoSubscription, "no_subscription"), (UnbilledReason.BeforeStart, "before_start"),
        (UnbilledReason.AfterEnd, "after_end"), (UnbilledReason.Paused, "paused"), (UnbilledReason.NotPriced, "not_priced"),
    ];

    public static IEnumerable<string> Names => s_names.Select(one => one.Name);

    public static string Name(this UnbilledReason reason) => Array.Find(s_names, one => one.Reason == reason).Name;

    /// <summary>Null when there is none of that name.</summary>
    public static UnbilledReason? Find(string name) => Array.Exists(s_names, one => one.Name == name) ? Array.Find(s_names, one => one.Name == name).Reason : null;
}
