using Metering.Billing.Postgres.Tenancy;
using Npgsql;

namespace Metering.Billing.Postgres.Catalog;

/// <summary>Counts the changes of a tenant's catalogue.</summary>
public static class CatalogVersion
{
    public static async Task<long> ReadAsync(TenantTransaction transaction, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = transaction.Command("select version from billing.catalog where tenant_id = $1", transaction.Tenant);
        return await command.ExecuteScalarAsync(cancellationToken) as long? ?? 0;
    }

    /// <summary>Until the transaction ends nobody else changes this catalogue.</summary>
    /// <returns>The version it is at, and stays at without <see cref="AdvanceAsync"/>.</returns>
    public static async Task<long> LockAsync(TenantTransaction transaction, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = transaction.Command(
            "insert into billing.catalog as old (tenant_id, version) values ($1, 0) on conflict (tenant_id) do update set version = old.version returning version", transaction.Tenant);
        return (long)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    /// <summary>Counts a change. Until the transaction ends no other change of this catalogue goes on.</summary>
    /// <returns>The new version.</returns>
    public static async Task<long> AdvanceAsync(TenantTransaction transaction, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = transaction.Command(
            "insert into billing.catalog as old (tenant_id, version) values ($1, 1) on conflict (tenant_id) do update set version = old.version + 1 returning version", transaction.Tenant);
        return (long)(await command.ExecuteScalarAsync(cancellationToken))!;
    }
}
