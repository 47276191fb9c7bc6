using Metering.Billing.Postgres.Invoices;
using Metering.Billing.Postgres.Tenancy;
using Npgsql;

namespace Metering.Billing.Postgres.Grants;

/// <summary>What a customer can pay with in one currency.</summary>
/// <param name="Promotional">Left of what was given away and can be used now.</param>
/// <param name="Paid">Left of what was bought and can be used now.</param>
/// <param name="Pending">Bought, and not paid yet.</param>
/// <param name="CustomerCredit">What we owe.</param>
public sealed record CreditBalance(Currency Currency, Money Promotional, Money Paid, Money Pending, Money CustomerCredit);

public static class CreditBalances
{
    /// <summary>In the order of the currencies.</summary>
    public static async Task<IReadOnlyList<CreditBalance>> ReadAsync(TenantTransaction transaction, string customer, DateTimeOffset now, CancellationToken cancellationToken)
    {
        SortedDictionary<string, CreditBalance> balances = new(StringComparer.Ordinal);
        foreach (((_, Currency currency), Money credit) in await CustomerMoney.CreditsAsync(transaction, [customer], cancellationToken))
        {
            balances[currency.Code] = Nothing(currency) with { CustomerCredit = credit };
        }

        await using NpgsqlCommand command = transaction.Command(
            """
            select currency, coalesce(sum(remaining) filter (where kind = 'promotional' and state = 'usable'), 0)::bigint,
              coalesce(sum(remaining) filter (where kind = 'paid' and state = 'usable'), 0)::bigint, coalesce(sum(remaining) filter (where state = 'pending'), 0)::bigint
            from billing.credit_grant
            where tenant_id = $1 and customer = $2 and valid_from <= $3 and (expires_at is null or expires_at > $3) group by currency
            """,
            transaction.Tenant, customer, now);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            Currency currency = Currency.Of(reader.GetString(0));
            Money Amount(int column) => new(reader.GetInt64(column), currency);
            balances[currency.Code] = balances.GetValueOrDefault(currency.Code, Nothing(currency)) with { Promotional = Amount(1), Paid = Amount(2), Pending = Amount(3) };
        }

        return [.. balances.Values];
    }

    private static CreditBalance Nothing(Currency currency) => new(currency, Money.Zero(currency), Money.Zero(currency), Money.Zero(currency), Money.Zero(currency));
}
