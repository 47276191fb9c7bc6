using Metering.Billing.Postgres.Subscriptions;
using Metering.Billing.Subscriptions;
using Metering.Billing.Subscriptions.Requests;

namespace Metering.BillingCore.Subscriptions;

/// <summary>Which minute a request means.</summary>
internal static class Moments
{
    /// <returns>Null for the end of a period where none runs.</returns>
    public static DateTimeOffset? Of(Moment moment, StoredSubscription stored, DateTimeOffset now) =>
        moment.IsPeriodEnd ? CurrentPeriod.EndOf(stored.Now, stored.History, stored.Anchor, stored.Draft.Zone, WholeMinute.From(now)) : moment.At ?? WholeMinute.From(now);

    /// <summary>A minute that has not come yet, not even as the next one.</summary>
    public static bool IsLater(DateTimeOffset at, DateTimeOffset now) => at > WholeMinute.From(now);
}
