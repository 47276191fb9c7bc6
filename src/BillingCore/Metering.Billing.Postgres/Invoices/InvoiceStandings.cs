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
}
