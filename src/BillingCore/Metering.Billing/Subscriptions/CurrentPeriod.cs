using Metering.Billing.Periods;
using Metering.Billing.Zones;

namespace Metering.Billing.Subscriptions;

/// <summary>Where the time that runs ends.</summary>
public static class CurrentPeriod
{
    /// <summary>
    /// The end of the period that holds <paramref name="now"/>; of several intervals the latest, so that no time ends that is paid for. In a trial, its end. Null
    /// before service begins, and for terms that charge nothing.
    /// </summary>
    /// <param name="subscription">As the facts have made it.</param>
    /// <param name="history">When it was served, from the same facts.</param>
    /// <param name="zone">That the subscription was made with.</param>
    public static DateTimeOffset? EndOf(Subscription subscription, ServiceHistory history, AnchorRule anchor, ZoneRules zone, DateTimeOffset now) => subscription.State switch
    {
        SubscriptionState.Trialing => subscription.TrialEnd,
        _ => subscription.Terms.Items.Select(item => history.PeriodsOf(item.Component, anchor, zone)?.At(now).Full.End).Max(),
    };
}
