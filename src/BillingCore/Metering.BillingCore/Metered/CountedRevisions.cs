using Metering.Aggregator.Engine.Meters;
using Metering.Billing.Postgres.Catalog;
using Metering.Billing.Postgres.Tenancy;

namespace Metering.BillingCore.Metered;

/// <summary>The tenant's meters as the aggregator counts them: their dimensions are in the order of the column <c>grp</c>.</summary>
internal static class CountedRevisions
{
    /// <summary>By slug.</summary>
    public static async Task<Dictionary<string, MeterRevision>> ReadAsync(TenantTransaction transaction, CancellationToken cancellationToken)
    {
        Dictionary<string, MeterRevision> meters = new(StringComparer.Ordinal);
        foreach ((string slug, CountedMeter meter) in await CountedMeters.ReadAsync(transaction, cancellationToken))
        {
            MeterDefinition definition = MeterDefinition.FromJson(meter.Definition);
            meters[slug] = new MeterRevision(meter.Revision, transaction.Tenant, definition with { GroupBy = new SortedDictionary<string, string>(definition.GroupBy, StringComparer.Ordinal) });
        }

        return meters;
    }
}
