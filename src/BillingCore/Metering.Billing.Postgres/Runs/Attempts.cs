using Metering.Billing.Postgres.Invoices;
using Metering.Billing.Postgres.Tenancy;
using Npgsql;

namespace Metering.Billing.Postgres.Runs;

/// <summary>Which attempt at an invoice is the next: one more than the final ones. One that stands is not billed again; after an older one was voided its instant may owe more.</summary>
public static class Attempts
{
    /// <param name="keys">Their attempt is not read.</param>
    /// <returns>By the keys as they were given; those without a final invoice are left out.</returns>
    public static async Task<IReadOnlyDictionary<DraftKey, int>> ReadAsync(TenantTransaction transaction, IReadOnlyList<DraftKey> keys, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = transaction.Command(
            """
            select k.n, count(*)::int + 1 from unnest($2::int[], $3::text[], $4::timestamptz[], $5::text[]) as k (n, subscription, due_at, kind)
            join billing.invoice i on i.tenant_id = $1 and i.subscription = k.subscription and i.due_at = k.due_at and i.kind = k.kind and i.state <> 'draft' group by k.n
            """,
            transaction.Tenant, Enumerable.Range(0, keys.Count).ToArray(), keys.Select(key => key.Subscription).ToArray(), keys.Select(key => key.DueAt.ToUniversalTime()).ToArray(),
            keys.Select(key => key.Kind).ToArray());
        Dictionary<DraftKey, int> attempts = [];
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            attempts[keys[reader.GetInt32(0)]] = reader.GetInt32(1);
        }

        return attempts;
    }
}
