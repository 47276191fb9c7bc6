using Metering.Billing.Postgres.Subscriptions;
using Metering.Billing.Postgres.Tenancy;
using Metering.Billing.Subscriptions;
using Npgsql;

namespace Metering.Billing.Postgres.Invoices;

/// <summary>How subscriptions stand by their open invoices: payable until a day, then overdue, then beyond the customer's grace. Safe for concurrent use.</summary>
public sealed class InvoiceStandings : IStandings
{
    public async Task<IReadOnlyDictionary<string, Standing>> ReadAsync(TenantTransaction transaction, IReadOnlyList<string> subscriptions, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = transaction.Command(
            """
            select i.subscription, bool_or(i.payable_until + make_interval(days => c.grace_days) <= $3)
            from billing.invoice i join billing.customer c on c.tenant_id = i.tenant_id and c.key = i.customer
            where i.tenant_id = $1 and i.subscription = any($2) and i.state = 'open' and i.payable_until <= $3 group by i.subscription
            """,
            transaction.Tenant, subscriptions.ToArray(), now);
        Dictionary<string, Standing> standings = new(StringComparer.Ordinal);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            standings[reader.GetString(0)] = reader.GetBoolean(1) ? Standing.GraceOver : Standing.Overdue;
        }

        return standings;
    }
}
