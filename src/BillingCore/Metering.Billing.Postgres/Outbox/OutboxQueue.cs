using Metering.Billing.Postgres.Jobs;
using Metering.Billing.Postgres.Tenancy;
using Metering.Storage.Postgres;
using Npgsql;

namespace Metering.Billing.Postgres.Outbox;

/// <summary>
/// The messages of all tenants as their relay sees them. What was relayed is marked on each row rather than by a position that everything below is done: sequence
/// numbers are drawn before they are committed, so a lower one may appear after a higher one was relayed, and a position would skip it. Within an aggregate that
/// cannot be: its writers hold its row when they draw their numbers, so whoever sees a message sees all earlier ones of it.
/// </summary>
public sealed class OutboxQueue(PostgresDatabase database)
{
    /// <summary>The oldest first.</summary>
    public async Task<IReadOnlyList<PendingMessage>> PendingAsync(int limit, CancellationToken cancellationToken)
    {
        await using NpgsqlConnection connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using NpgsqlTransaction transaction = await EveryTenant.BeginAsync(connection, cancellationToken);
        await using NpgsqlCommand command = connection.Command(
            "select tenant_id, seq, id, aggregate, type, body::text, created_at from billing.outbox where relayed_at is null order by seq limit $1", limit);
        List<PendingMessage> pending = [];
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            pending.Add(new PendingMessage(
                reader.GetString(0), reader.GetInt64(1), reader.GetGuid(2), reader.GetString(3), reader.GetString(4), reader.GetString(5), reader.GetFieldValue<DateTimeOffset>(6)));
        }

        return pending;
    }

    /// <summary>They are in the log.</summary>
    /// <exception cref="OwnershipLostException">Another relay is at work; it sends them again, and marks them.</exception>
    public async Task MarkAsync(Ownership relay, IReadOnlyList<PendingMessage> relayed, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await using NpgsqlConnection connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using NpgsqlTransaction transaction = await EveryTenant.BeginAsync(connection, cancellationToken);
        await relay.HoldAsync(connection, cancellationToken);
        await using NpgsqlCommand command = connection.Command(
            """
            update billing.outbox as row set relayed_at = $1 from unnest($2::text[], $3::bigint[]) as done (tenant_id, seq)
            where row.tenant_id = done.tenant_id and row.seq = done.seq and relayed_at is null
            """,
            now, relayed.Select(one => one.Tenant).ToArray(), relayed.Select(one => one.Sequence).ToArray());
        await command.ExecuteNonQueryAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    /// <summary>Drops what was relayed before an instant, a part at a time.</summary>
    /// <returns>How many were dropped; fewer than the limit when none is left.</returns>
    public async Task<int> DropAsync(Ownership relay, DateTimeOffset relayedBefore, int limit, CancellationToken cancellationToken)
    {
        await using NpgsqlConnection connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using NpgsqlTransaction transaction = await EveryTenant.BeginAsync(connection, cancellationToken);
        await relay.HoldAsync(connection, cancellationToken);
        await using NpgsqlCommand command = connection.Command(
            "delete from billing.outbox where (tenant_id, seq) in (select tenant_id, seq from billing.outbox where relayed_at < $1 order by relayed_at limit $2)", relayedBefore, limit);
        int dropped = await command.ExecuteNonQueryAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return dropped;
    }

    /// <summary>How many wait, and since when the oldest does; null when none does.</summary>
    public async Task<(long Count, DateTimeOffset? Oldest)> BacklogAsync(CancellationToken cancellationToken)
    {
        await using NpgsqlConnection connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using NpgsqlTransaction transaction = await EveryTenant.BeginAsync(connection, cancellationToken);
        await using NpgsqlCommand command = connection.Command("select count(*), min(created_at) from billing.outbox where relayed_at is null");
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return (reader.GetInt64(0), reader.IsDBNull(1) ? null : reader.GetFieldValue<DateTimeOffset>(1));
    }
}
