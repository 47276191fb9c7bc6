using Metering.Billing.Postgres.Tenancy;
using Npgsql;
using NpgsqlTypes;

namespace Metering.Billing.Postgres.Catalog;

/// <summary>The things of a catalogue that have a key.</summary>
public static class CatalogItems
{
    private const string Columns = "kind, key, body::text, revision, created_at, updated_at, archived_at";

    public static async Task<CatalogItem?> FindAsync(TenantTransaction transaction, string kind, string key, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = transaction.Command(
            $"select {Columns} from billing.catalog_item where tenant_id = $1 and kind = $2 and key = $3", transaction.Tenant, kind, key);
        return (await ReadAsync(command, cancellationToken)) is [var found] ? found : null;
    }

    /// <summary>In the order of their keys, those that are not archived.</summary>
    /// <param name="after">The key that the last page ended with.</param>
    public static async Task<IReadOnlyList<CatalogItem>> ListAsync(TenantTransaction transaction, string kind, string? after, int limit, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = transaction.Command(
            $"select {Columns} from billing.catalog_item where tenant_id = $1 and kind = $2 and key > $3 and archived_at is null order by key limit $4",
            transaction.Tenant, kind, after ?? "", limit);
        return await ReadAsync(command, cancellationToken);
    }

    /// <summary>Everything that is not archived.</summary>
    public static async Task<IReadOnlyList<CatalogItem>> AllAsync(TenantTransaction transaction, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = transaction.Command(
            $"select {Columns} from billing.catalog_item where tenant_id = $1 and archived_at is null order by kind, key", transaction.Tenant);
        return await ReadAsync(command, cancellationToken);
    }

    /// <summary>Makes it, changes it, or brings it back. The same body again changes nothing.</summary>
    public static async Task<CatalogItem> PutAsync(TenantTransaction transaction, string kind, string key, string body, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = transaction.Command(
            $"""
            insert into billing.catalog_item as old (tenant_id, kind, key, body, created_at, updated_at) values ($1, $2, $3, $4, $5, $5)
            on conflict (tenant_id, kind, key) do update set body = excluded.body, archived_at = null,
              revision = old.revision + case when old.body::text = excluded.body::text and old.archived_at is null then 0 else 1 end,
              updated_at = case when old.body::text = excluded.body::text and old.archived_at is null then old.updated_at else excluded.updated_at end
            returning {Columns}
            """,
            transaction.Tenant, kind, key, null, now);
        command.Parameters[3] = new NpgsqlParameter { Value = body, NpgsqlDbType = NpgsqlDbType.Json };
        return (await ReadAsync(command, cancellationToken))[0];
    }

    /// <returns>False when there is none to archive.</returns>
    public static async Task<bool> ArchiveAsync(TenantTransaction transaction, string kind, string key, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = transaction.Command(
            "update billing.catalog_item set archived_at = $4, updated_at = $4, revision = revision + 1 where tenant_id = $1 and kind = $2 and key = $3 and archived_at is null",
            transaction.Tenant, kind, key, now);
        return await command.ExecuteNonQueryAsync(cancellationToken) == 1;
    }

    private static async Task<List<CatalogItem>> ReadAsync(NpgsqlCommand command, CancellationToken cancellationToken)
    {
        List<CatalogItem> items = [];
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            items.Add(new CatalogItem(
                reader.GetString(0), reader.GetString(1), reader.GetString(2), reader.GetInt64(3), reader.GetFieldValue<DateTimeOffset>(4), reader.GetFieldValue<DateTimeOffset>(5),
                reader.IsDBNull(6) ? null : reader.GetFieldValue<DateTimeOffset>(6)));
        }

        return items;
    }
}
