using Metering.Billing.Catalog;
using Metering.Billing.Catalog.Documents;
using Metering.Billing.Postgres.Subscriptions;
using Metering.Billing.Postgres.Tenancy;
using Metering.Billing.Subscriptions;
using Metering.Billing.Zones;

namespace Metering.BillingCore.Subscriptions;

/// <summary>
/// No event is billed twice: two subscriptions of a customer, at one time, do not have components that could take the same event. Knows the subscriptions of some
/// customers that have not ended. The customers are held, so that none is added meanwhile.
/// </summary>
internal sealed class SharedUsage
{
    private readonly ILookup<string, StoredSubscription> _living;
    private readonly IReadOnlyDictionary<string, ComponentContent> _contents;

    private SharedUsage(IEnumerable<StoredSubscription> living, IReadOnlyDictionary<string, ComponentContent> contents) =>
        (_living, _contents) = (living.ToLookup(one => one.Customer, StringComparer.Ordinal), contents);

    public static async Task<SharedUsage> ReadAsync(TenantTransaction transaction, IReadOnlyList<string> customers, CancellationToken cancellationToken)
    {
        SubscriptionFilter filter = new() { Customers = customers, Living = true };
        IReadOnlyList<string> ids = await SubscriptionSearch.FindAsync(transaction, filter, after: null, int.MaxValue, cancellationToken);
        IReadOnlyList<StoredSubscription> living = await SubscriptionStore.ReadAsync(transaction, TzdbZones.Instance, ids, cancellationToken);
        string[] prices = [.. living.SelectMany(Terms).SelectMany(terms => terms.Items).Select(item => item.Price).Distinct(StringComparer.Ordinal)];
        return new SharedUsage(living, await PriceContents.ReadAsync(transaction, prices, cancellationToken));
    }

    /// <summary>Why a subscription cannot have a plan from an instant on, whatever its phase; null when it can.</summary>
    /// <param name="until">When it ends again; null while nothing ends it.</param>
    public string? Find(StoredSubscription subscription, PlanTerms plan, DateTimeOffset from, DateTimeOffset? until) =>
        Find(subscription, plan.Components.Select(one => (one.Component.Key, one.Component.Source)), from, until);

    /// <summary>Why it cannot go on with what it has; null when it can.</summary>
    /// <inheritdoc cref="Find(StoredSubscription, PlanTerms, DateTimeOffset, DateTimeOffset?)"/>
    public string? Find(StoredSubscription subscription, DateTimeOffset from, DateTimeOffset? until) =>
        Find(subscription, Items(subscription).Select(item => (item.Component, SourceOf(item))), from, until);

    private string? Find(StoredSubscription subscription, IEnumerable<(string Key, UsageSource? Source)> components, DateTimeOffset from, DateTimeOffset? until)
    {
        StoredSubscription[] beside = [.. _living[subscription.Customer]
            .Where(other => other.Id != subscription.Id && !(other.ServedUntil <= from) && !(until <= (other.Now.BegunAt ?? other.Now.Start)))];
        foreach ((string key, UsageSource? source) in components)
        {
            foreach (StoredSubscription other in beside)
            {
                if (Items(other).FirstOrDefault(item => source is not null && SourceOf(item) is { } taken && source.CanShareAnEventWith(taken)) is { } shared)
                {
                    return $"component '{key}' can take an event that '{shared.Component}' of subscription {other.Id} bills: no event is billed twice";
                }
            }
        }

        return null;
    }

    private static IEnumerable<SubscriptionItem> Items(StoredSubscription subscription) => Terms(subscription).SelectMany(terms => terms.Items);

    /// <summary>Those that are in force, and those that are to come.</summary>
    private static IEnumerable<SubscriptionTerms> Terms(StoredSubscription subscription) => [.. subscription.Now.Terms.Phases(), .. subscription.Now.PendingChange?.Terms.Phases() ?? []];

    /// <summary>Only the meter and the values are compared, so what the meter does is of no matter.</summary>
    private UsageSource? SourceOf(SubscriptionItem item) => _contents[item.Price].Read(item.Component, item.Component, _ => MeterAggregation.Sum).Component.Source;
}
