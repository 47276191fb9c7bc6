using Metering.Storage.Postgres;
using Npgsql;

namespace Metering.Billing.Postgres.Tenancy;

/// <summary>The only way to a tenant's rows. Safe for concurrent use.</summary>
public sealed class TenantDatabase(PostgresDatabase database)
{
    /// <summary>Begins a transaction that sees and writes rows of one tenant, and no others.</summary>
    public async Task<TenantTransaction> BeginAsync(string tenant, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(tenant);
        NpgsqlConnection connection = await database.Source.OpenConnectionAsync(cancellationToken);
        try
        {
            NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellationToken);
            await using NpgsqlBatch enter = new(connection, transaction);
            enter.BatchCommands.Add(new NpgsqlBatchCommand("set local role metering_app"));
            enter.BatchCommands.Add(PostgresCommands.BatchCommand("select set_config('metering.tenant', $1, true)", tenant));
            await enter.ExecuteNonQueryAsync(cancellationToken);
            return new TenantTransaction(tenant, connection, transaction);
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }
}
