using Metering.Billing.Catalog;
using Metering.Billing.Catalog.Documents;
using Metering.Billing.Postgres.Tenancy;
using Npgsql;

namespace Metering.Billing.Postgres.Catalog;

/// <summary>The tenant's meters as prices see them, by slug.</summary>
public static class PricedMeters
{
    public static async Task<IReadOnlyDictionary<string, MeterFacts>> ReadAsync(TenantTransaction transaction, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = transaction.Command("select slug, aggregation, dimensions from billing.priced_meter where tenant_id = $1", transaction.Tenant);
        Dictionary<string, MeterFacts> found = new(StringComparer.Ordinal);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            found[reader.GetString(0)] = new MeterFacts(AggregationOf(reader.GetString(1)), reader.GetFieldValue<string[]>(2).ToHashSet(StringComparer.Ordinal));
        }

        return found;
    }

    private static MeterAggregation AggregationOf(string name) => name switch
    {
        "SUM" => MeterAggregation.Sum,
        "COUNT" => MeterAggregation.Count,
        "MIN" => MeterAggregation.Min,
        "MAX" => MeterAggregation.Max,
        "AVG" => MeterAggregation.Average,
        "LATEST" => MeterAggregation.Latest,
        _ => MeterAggregation.UniqueCount,
    };
}
