using Metering.Billing.Postgres.Tenancy;
using Metering.Storage.Postgres;
using Npgsql;

namespace Metering.Billing.Postgres.Runs;

/// <summary>
/// Whoever bills does so as of the newest done seal, and whoever follows the seals marks what is billed by then. A transaction that read an older seal and has not committed yet
/// would be missed by both: so a follower waits for those, and lets nobody begin meanwhile.
/// </summary>
public static class SealOrder
{
    private const string Key = "hashtextextended('billing.seal_order', 0)";

    /// <summary>Before the newest seal is read: until the transaction ends, no follower passes it.</summary>
    public static async Task HoldAsync(TenantTransaction transaction, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = transaction.Command($"select pg_advisory_xact_lock_shared({Key})");
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>When it returns, everything that was billed as of seals older than those done by now is committed.</summary>
    public static async Task WaitAsync(PostgresDatabase database, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = database.Source.Command($"select pg_advisory_xact_lock({Key})");
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
