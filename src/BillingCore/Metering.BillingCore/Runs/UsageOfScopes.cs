using Metering.Aggregator.Engine.Meters;
using Metering.Billing.Postgres.Runs;
using Metering.Billing.Postgres.Tenancy;
using Metering.Billing.Rating;
using Metering.Billing.Runs;
using Metering.Billing.Simulation;
using Metering.BillingCore.Metered;
using Metering.Storage.ClickHouse;

namespace Metering.BillingCore.Runs;

/// <summary>Reads the usage of many subscriptions' rating scopes, in one statement for each thing that has to be read.</summary>
internal sealed class UsageOfScopes(ClickHouseDatabase database, int maxEvents)
{
    public async Task ReadAsync(
        TenantTransaction transaction, SealedUsage seal, IReadOnlyList<(OpenSubscription Subscription, RatingScope Scope)> scopes, BilledSubjects subjects, CancellationToken cancellationToken)
    {
        if (scopes.Count == 0)
        {
            return;
        }

        Dictionary<string, MeterRevision> meters = await CountedRevisions.ReadAsync(transaction, cancellationToken);
        ScopeReader reader = new(database, transaction.Tenant, seal, maxEvents);
        foreach (IGrouping<UsageNeed, (OpenSubscription Subscription, RatingScope Scope, int Index)> same in scopes
            .Select((one, index) => (one.Subscription, one.Scope, index))
            .Where(one => one.Scope.Terms.Component.Source is not null)
            .GroupBy(one => UsageNeed.Of(one.Scope.Terms.Component)!))
        {
            if (WhyNot(meters, same.Key) is { } reason)
            {
                foreach ((OpenSubscription subscription, _, _) in same)
                {
                    subscription.Hold(reason);
                }

                continue;
            }

            Dictionary<int, Usage> usage = await reader.ReadAsync(meters[same.Key.Source.Meter], same.Key, same.SelectMany(one => Ranges(one.Index, one.Subscription, one.Scope, subjects)), cancellationToken);
            foreach ((OpenSubscription subscription, RatingScope scope, int index) in same)
            {
                subscription.Supply(scope, usage.GetValueOrDefault(index, Usage.None));
            }
        }
    }

    private static IEnumerable<ScopeRange> Ranges(int index, OpenSubscription subscription, RatingScope scope, BilledSubjects subjects) =>
        from active in scope.Active
        from subject in subjects.ByCustomer[subscription.Customer]
        let time = subject.Within(active)
        where !time.IsEmpty
        select new ScopeRange(index, subject.Subject, time);

    private static string? WhyNot(Dictionary<string, MeterRevision> meters, UsageNeed need)
    {
        if (!meters.TryGetValue(need.Source.Meter, out MeterRevision? meter))
        {
            return $"there is no meter '{need.Source.Meter}'";
        }

        string? unknown = need.Dimensions.Concat(need.Source.Filter.Keys).FirstOrDefault(dimension => !meter.Definition.GroupBy.ContainsKey(dimension));
        return unknown is null ? null : $"'{unknown}' is not a dimension of meter '{need.Source.Meter}'";
    }
}
