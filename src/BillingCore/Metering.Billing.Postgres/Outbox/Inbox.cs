using Metering.Billing.Postgres.Tenancy;
using Npgsql;

namespace Metering.Billing.Postgres.Outbox;

/// <summary>What a consumer of messages has handled. A message is claimed in the transaction of what it leads to, so a copy leads to nothing.</summary>
public static class Inbox
{
    private const int MaxDropped = 100;

    /// <summary>Claims those that were not handled before, in their order; forgets some that are older than <paramref name="keep"/>.</summary>
    /// <param name="messages">Ids. A copy among them counts once.</param>
    /// <param name="keep">Longer than a copy can be late: longer than the log keeps its records.</param>
    public static async Task<IReadOnlyList<string>> ClaimAsync(
        TenantTransaction transaction, string consumer, IReadOnlyList<string> messages, TimeSpan keep, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = transaction.Command(
            """
            with old as (
              delete from billing.inbox where tenant_id = $1 and consumer = $2 and message in (
                select message from billing.inbox where tenant_id = $1 and consumer = $2 and handled_at < $5 limit $6))
            insert into billing.inbox (tenant_id, consumer, message, handled_at)
            select $1, $2, message, $4 from (select distinct message from unnest($3::text[]) as message) as given order by message
            on conflict do nothing returning message
            """,
            transaction.Tenant, consumer, messages.ToArray(), now, now - keep, MaxDropped);
        HashSet<string> claimed = new(StringComparer.Ordinal);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            claimed.Add(reader.GetString(0));
        }

        return [.. messages.Distinct(StringComparer.Ordinal).Where(claimed.Contains)];
    }
}
