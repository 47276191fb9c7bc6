using Metering.Billing.Postgres.Tenancy;
using Npgsql;

namespace Metering.Billing.Postgres.Invoices;

/// <summary>
/// What customers owe and own is changed by one transaction at a time: whoever changes it holds the customer's row first, customers in the order of their keys.
/// What was read under it holds until the transaction ends.
/// </summary>
public static class CustomerMoney
{
    public static async Task HoldAsync(TenantTransaction transaction, IReadOnlyList<string> customers, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = transaction.Command(
            "select from billing.customer where tenant_id = $1 and key = any($2) order by key for no key update", transaction.Tenant, customers.ToArray());
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>What we owe each customer in each currency, where it is not zero.</summary>
    public static async Task<Dictionary<(string Customer, Currency Currency), Money>> CreditsAsync(
        TenantTransaction transaction, IReadOnlyList<string> customers, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = transaction.Command(
            "select customer, currency, -balance from billing.ledger_balance where tenant_id = $1 and kind = 'CustomerCredit' and customer = any($2) and balance <> 0",
            transaction.Tenant, customers.ToArray());
        Dictionary<(string, Currency), Money> credits = [];
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            Currency currency = Currency.Of(reader.GetString(1));
            credits.Add((reader.GetString(0), currency), new Money(reader.GetInt64(2), currency));
        }

        return credits;
    }
}
