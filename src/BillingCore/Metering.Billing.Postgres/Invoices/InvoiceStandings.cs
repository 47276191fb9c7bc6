using Metering.Billing.Postgres.Subscriptions;
using Metering.Billing.Postgres.Tenancy;
using Metering.Billing.Subscriptions;
using Npgsql;

namespace Metering.Billing.Postgres.Invoices;

/// <summary>From open invoices: overdue from the instant they are payable until, beyond grace when the customer's days of it are over too.</summary>
public sealed class InvoiceStandings : IStandings
{
    public async Task<IReadOnlyDictionary<string, Standing>> ReadAsync(
        TenantTransaction transaction, IReadOnlyList<string> subscriptions, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = transaction.Command(
            """
            select subscription, bool_or(payable_until + make_interval(days => grace_days) <= $3)
            from billing.invoice join billing.customer on customer.tenant_id = invoice.tenant_id and customer.key = invoice.customer
            where invoice.tenant_id = $1 and subscription = any($2) and state = 'open' and payable_until <= $3 group by subscription
            """,
            transaction.Tenant, subscriptions.ToArray(), now);
        Dictionary<string, Standing> standings = [];
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            standings.Add(reader.GetString(0), reader.GetBoolean(1) ? Standing.GraceOver : Standing.Overdue);
        }

        return standings;
    }

    /// <summary>Subscriptions whose state is not what their open invoices call for, in the order of their ids.</summary>
    /// <param name="after">The last of the page before.</param>
    public static async Task<IReadOnlyList<string>> OutOfStepAsync(TenantTransaction transaction, DateTimeOffset now, string after, int limit, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = transaction.Command(
            """
            select s.id from billing.subscription s join billing.customer c on c.tenant_id = s.tenant_id and c.key = s.customer
            left join lateral (
              select min(i.payable_until) as since from billing.invoice i where i.tenant_id = s.tenant_id and i.subscription = s.id and i.state = 'open' and i.payable_until <= $2) as overdue on true
            where s.tenant_id = $1 and s.id > $3 and s.state in ('active', 'past_due', 'unpaid') and s.state <>
              case when overdue.since is null then 'active' when overdue.since + make_interval(days => c.grace_days) <= $2 then 'unpaid' else 'past_due' end
            order by s.id limit $4
            """,
            transaction.Tenant, now, after, limit);
        List<string> ids = [];
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            ids.Add(reader.GetString(0));
        }

        return ids;
    }
}
