using Metering.Billing.Catalog;
using Metering.Billing.Postgres.Tenancy;
using Npgsql;

namespace Metering.Billing.Postgres.Catalog;

/// <summary>What the tenant's meters aggregate, by slug.</summary>
public static class MeterAggregations
{
    public static async Task<IReadOnlyDictionary<string, MeterAggregation>> ReadAsync(TenantTransaction transaction, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = transaction.Command("select slug, aggregation from billing.meter_aggregation where tenant_id = $1", transaction.Tenant);
        Dictionary<string, MeterAggregation> found = new(StringComparer.Ordinal);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            found[reader.GetString(0)] = reader.GetString(1) switch
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

        return found;
    }
}
