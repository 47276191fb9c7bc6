using Metering.Billing.Postgres.Tenancy;
using Npgsql;

namespace Metering.Billing.Postgres.Invoices;

/// <summary>Invoices that are still to be computed.</summary>
public static class InvoiceDrafts
{
    /// <summary>Opens those that are not there yet. One that is there stays as it is, whatever became of it.</summary>
    /// <returns>Their ids, in the same order.</returns>
    public static async Task<IReadOnlyList<string>> OpenAsync(
        TenantTransaction transaction, IReadOnlyList<(DraftKey Key, string Customer, Currency Currency)> drafts, DateTimeOffset now, CancellationToken cancellationToken)
    {
        string[] ids = [.. drafts.Select(one => one.Key.IdIn(transaction.Tenant))];
        await using NpgsqlCommand command = transaction.Command(
            """
            insert into billing.invoice (tenant_id, id, subscription, due_at, kind, attempt, customer, currency, created_at)
            select $1, id, nullif(subscription, ''), due_at, kind, attempt, customer, currency, $9
            from unnest($2::text[], $3::text[], $4::timestamptz[], $5::text[], $6::int[], $7::text[], $8::text[]) as draft (id, subscription, due_at, kind, attempt, customer, currency)
            order by id
            on conflict do nothing
            """,
            transaction.Tenant, ids, drafts.Select(one => one.Key.Subscription).ToArray(), drafts.Select(one => one.Key.DueAt.ToUniversalTime()).ToArray(),
            drafts.Select(one => one.Key.Kind).ToArray(), drafts.Select(one => one.Key.Attempt).ToArray(), drafts.Select(one => one.Customer).ToArray(),
            drafts.Select(one => one.Currency.Code).ToArray(), now);
        await command.ExecuteNonQueryAsync(cancellationToken);
        return ids;
    }

    /// <summary>Deletes those that are drafts.</summary>
    /// <returns>The ids of those that were.</returns>
    public static async Task<IReadOnlyList<string>> DeleteAsync(TenantTransaction transaction, IReadOnlyList<string> ids, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = transaction.Command(
            "delete from billing.invoice where tenant_id = $1 and id = any($2) and state = 'draft' returning id", transaction.Tenant, ids.ToArray());
        List<string> deleted = [];
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            deleted.Add(reader.GetString(0));
        }

        return deleted;
    }
}
