using Metering.Billing.Postgres.Tenancy;
using Metering.Storage.Postgres;
using Npgsql;

namespace Metering.Billing.Postgres.Ledger;

/// <summary>
/// The turn to look after one tenant's ledger: one process has it at a time, at most once an hour. It is a row lock, so it ends with the process that has it.
/// Two at work would do no harm: what is posted has its key.
/// </summary>
public sealed class LedgerUpkeep : IAsyncDisposable
{
    private const long SnapshotEvery = 10_000;

    private readonly NpgsqlConnection _connection;
    private readonly NpgsqlTransaction _transaction;

    private LedgerUpkeep(string tenant, NpgsqlConnection connection, NpgsqlTransaction transaction)
    {
        Tenant = tenant;
        _connection = connection;
        _transaction = transaction;
    }

    public string Tenant { get; }

    /// <summary>Of the tenant that has waited longest; null when it is nobody's turn.</summary>
    public static async Task<LedgerUpkeep?> TryBeginAsync(PostgresDatabase database, CancellationToken cancellationToken)
    {
        NpgsqlConnection connection = await database.Source.OpenConnectionAsync(cancellationToken);
        try
        {
            NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellationToken);
            await using NpgsqlCommand command = connection.Command(
                "select tenant_id from billing.ledger_upkeep where due_at <= now() order by due_at limit 1 for no key update skip locked");
            if (await command.ExecuteScalarAsync(cancellationToken) is string tenant)
            {
                return new LedgerUpkeep(tenant, connection, transaction);
            }
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }

        await connection.DisposeAsync();
        return null;
    }

    /// <summary>Writes balances down once some thousand transactions came since the last time. Does not wait long for those who are posting: there is a next turn.</summary>
    public static async Task SnapshotAsync(TenantTransaction transaction, CancellationToken cancellationToken)
    {
        await using NpgsqlBatch batch = transaction.Batch(
            PostgresCommands.BatchCommand("set local lock_timeout = '1s'"),
            PostgresCommands.BatchCommand(
                """
                select billing.take_ledger_snapshot()
                where (select coalesce(max(seq), 0) from billing.ledger_transaction where tenant_id = $1)
                  - (select coalesce(max(seq), 0) from billing.ledger_snapshot where tenant_id = $1) >= $2
                """,
                transaction.Tenant, SnapshotEvery));
        await batch.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>All is done; the next turn is in an hour. Without it, it is the tenant's turn again at once.</summary>
    public async Task CompleteAsync(CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = _connection.Command("update billing.ledger_upkeep set due_at = clock_timestamp() + interval '1 hour' where tenant_id = $1", Tenant);
        await command.ExecuteNonQueryAsync(cancellationToken);
        await _transaction.CommitAsync(cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await _transaction.DisposeAsync();
        await _connection.DisposeAsync();
    }

    /// <summary>The tenant's turns begin, the first in an hour.</summary>
    internal static NpgsqlBatchCommand Begin(string tenant) =>
        PostgresCommands.BatchCommand("insert into billing.ledger_upkeep (tenant_id, due_at) values ($1, now() + interval '1 hour') on conflict (tenant_id) do nothing", tenant);
}
