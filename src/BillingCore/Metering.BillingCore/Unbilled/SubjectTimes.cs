using Metering.Billing.Catalog;
using Metering.Billing.Catalog.Documents;
using Metering.Billing.Periods;
using Metering.Billing.Postgres.Customers;
using Metering.Billing.Postgres.Subscriptions;
using Metering.Billing.Postgres.Tenancy;
using Metering.Billing.Subscriptions;
using Metering.Billing.Unbilled;
using Metering.Billing.Zones;

namespace Metering.BillingCore.Unbilled;

/// <summary>When usage of some subjects is not billed, by what PostgreSQL has recorded: whose they were, and which subscriptions their customers had.</summary>
internal static class SubjectTimes
{
    public static async Task<IReadOnlyList<(string Subject, UnbilledTime Time)>> ReadAsync(
        TenantTransaction transaction, string meter, IReadOnlyList<string> subjects, TimeRange range, CancellationToken cancellationToken)
    {
        ILookup<string, OwnedTime> owners = (await SubjectMappings.OfSubjectsAsync(transaction, subjects, cancellationToken))
            .ToLookup(one => one.Subject, one => new OwnedTime(one.Customer, new TimeRange(one.ValidFrom, one.ValidUntil ?? DateTimeOffset.MaxValue)), StringComparer.Ordinal);
        string[] customers = [.. owners.SelectMany(one => one).Select(one => one.Customer).Distinct(StringComparer.Ordinal)];
        IReadOnlyList<string> ids = await SubscriptionSearch.FindAsync(transaction, new SubscriptionFilter { Customers = customers }, after: null, int.MaxValue, cancellationToken);
        IReadOnlyList<StoredSubscription> stored = await SubscriptionStore.ReadAsync(transaction, TzdbZones.Instance, ids, cancellationToken);
        Dictionary<string, List<ServedSubscription>> subscriptions = stored.GroupBy(one => one.Customer)
            .ToDictionary(one => one.Key, one => one.Select(subscription => new ServedSubscription(subscription.Id, subscription.History)).ToList(), StringComparer.Ordinal);
        Dictionary<string, UsageSource?> sources = await SourcesAsync(transaction, subscriptions.Values.SelectMany(one => one), cancellationToken);
        return
        [
            .. from subject in subjects
               from time in UnbilledTime.Of(range, meter, owners[subject], customer => subscriptions.GetValueOrDefault(customer, []), item => sources[item.Price])
               select (subject, time),
        ];
    }

    /// <summary>What feeds each price. Only the meter and the values are looked at, so what the meter does is of no matter.</summary>
    private static async Task<Dictionary<string, UsageSource?>> SourcesAsync(TenantTransaction transaction, IEnumerable<ServedSubscription> subscriptions, CancellationToken cancellationToken)
    {
        SubscriptionItem[] items = [.. subscriptions.SelectMany(one => one.Service.Spans).SelectMany(span => span.Terms.Items).DistinctBy(item => item.Price)];
        IReadOnlyDictionary<string, ComponentContent> contents = await PriceContents.ReadAsync(transaction, [.. items.Select(item => item.Price)], cancellationToken);
        return items.ToDictionary(item => item.Price, item => contents[item.Price].Read(item.Component, item.Component, _ => MeterAggregation.Sum).Component.Source, StringComparer.Ordinal);
    }
}
