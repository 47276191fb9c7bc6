using Metering.Storage.Postgres;
using Npgsql;

namespace Metering.Billing.Postgres.Tenancy;

/// <summary>
/// Sees rows of all tenants, where the tables allow it to jobs: to find work, and to relay messages. Whatever is done for a tenant is done in a transaction of that
/// tenant.
/// </summary>
internal static class EveryTenant
{
    /// <param name="connection">Of the role that owns the tables.</param>
    public static async Task<NpgsqlTransaction> BeginAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellationToken);
        await using NpgsqlCommand enter = connection.Command("select set_config('metering.job', 'every_tenant', true)");
        await enter.ExecuteNonQueryAsync(cancellationToken);
        return transaction;
    }
}
