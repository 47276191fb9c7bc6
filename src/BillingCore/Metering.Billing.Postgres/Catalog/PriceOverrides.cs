using Metering.Billing.Postgres.Tenancy;
using Npgsql;

namespace Metering.Billing.Postgres.Catalog;

/// <summary>What single customers pay instead.</summary>
public static class PriceOverrides
{
    /// <summary>Bodies of the overrides of a plan that these customers have, those that are not archived, in the order of their keys.</summary>
    public static async Task<IReadOnlyList<string>> ReadAsync(TenantTransaction transaction, string book, string plan, string[] customers, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = transaction.Command(
            """
            select body::text from billing.catalog_item
            where tenant_id = $1 and kind = 'override' and archived_at is null and body->>'price_book' = $2 and body->>'plan' = $3 and body->>'customer' = any($4)
            order by key
            """,
            transaction.Tenant, book, plan, customers);
        List<string> bodies = [];
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            bodies.Add(reader.GetString(0));
        }

        return bodies;
    }
}
