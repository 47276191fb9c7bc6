using Metering.Billing.Postgres.Tenancy;
using Npgsql;

namespace Metering.Billing.Postgres.Outbox;

/// <summary>What the other roles are told, in the transaction of what it tells of.</summary>
/// <param name="Aggregate">What it is about: <c>invoice:inv_…</c>. Messages of one aggregate keep their order, as long as its writers hold its row.</param>
/// <param name="Type">What happened: <c>invoice.finalized</c>.</param>
/// <param name="Body">Canonical JSON.</param>
public sealed record OutboxMessage(string Aggregate, string Type, string Body);

/// <summary>Messages that wait for the relay.</summary>
public static class OutboxStore
{
    /// <summary>Adds them in their order. The caller holds the rows of their aggregates, so that the order of the table is the order of what happened.</summary>
    public static async Task AddAsync(TenantTransaction transaction, IReadOnlyList<OutboxMessage> messages, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = transaction.Command(
            """
            insert into billing.outbox (tenant_id, aggregate, type, body, created_at)
            select $1, aggregate, type, body::json, $5 from unnest($2::text[], $3::text[], $4::text[]) with ordinality as message (aggregate, type, body, n) order by n
            """,
            transaction.Tenant, messages.Select(one => one.Aggregate).ToArray(), messages.Select(one => one.Type).ToArray(), messages.Select(one => one.Body).ToArray(), now);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
