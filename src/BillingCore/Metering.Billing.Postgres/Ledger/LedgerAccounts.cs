using Metering.Billing.Ledger;
using Metering.Billing.Postgres.Tenancy;
using Npgsql;

namespace Metering.Billing.Postgres.Ledger;

/// <param name="Id">In the order of opening.</param>
/// <param name="Balance">On the account's normal side.</param>
public sealed record AccountBalance(long Id, Account Account, Money Balance);

/// <summary>All accounts of one kind, in one currency.</summary>
/// <param name="Debits">Of those with a balance on the debit side.</param>
/// <param name="Credits">Of those with a balance on the credit side.</param>
public sealed record TrialBalanceRow(AccountKind Kind, Money Debits, Money Credits);

/// <summary>Balances, as they are or as they were at an instant.</summary>
public static class LedgerAccounts
{
    /// <summary>In the order of opening.</summary>
    /// <param name="kind">Null for all.</param>
    /// <param name="customer">Null for all.</param>
    /// <param name="after">The account that the last page ended with.</param>
    public static async Task<IReadOnlyList<AccountBalance>> ListAsync(
        TenantTransaction transaction, AccountKind? kind, string? customer, DateTimeOffset? asOf, long after, int limit, CancellationToken cancellationToken)
    {
        Conditions wanted = new();
        wanted.Add($"tenant_id = {wanted.Value(transaction.Tenant)} and id > {wanted.Value(after)}");
        if (kind is { } one)
        {
            wanted.Add($"kind = {wanted.Value(one.ToString())}");
        }

        if (customer is not null)
        {
            wanted.Add($"customer = {wanted.Value(customer)}");
        }

        string balances = Balances(wanted, asOf);
        string most = wanted.Value(limit);
        await using NpgsqlCommand command = transaction.Command(
            $"select id, kind, customer, grant_id, currency, balance from {balances} as total where {wanted} order by id limit {most}", wanted.Values);
        List<AccountBalance> accounts = [];
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            Account account = StoredAccounts.AccountOf(reader, 1);
            accounts.Add(new AccountBalance(reader.GetInt64(0), account, account.Balance(reader.GetInt64(5), Currency.Of(reader.GetString(4)))));
        }

        return accounts;
    }

    /// <summary>By currency and kind. In each currency, debits and credits sum to the same.</summary>
    public static async Task<IReadOnlyList<TrialBalanceRow>> TrialBalanceAsync(TenantTransaction transaction, DateTimeOffset? asOf, CancellationToken cancellationToken)
    {
        Conditions wanted = new();
        wanted.Add($"tenant_id = {wanted.Value(transaction.Tenant)} and balance <> 0");
        await using NpgsqlCommand command = transaction.Command(
            $"""
            select kind, currency, sum(greatest(balance, 0))::bigint, sum(greatest(-balance, 0))::bigint from {Balances(wanted, asOf)} as total
            where {wanted} group by currency, kind order by currency, kind
            """,
            wanted.Values);
        List<TrialBalanceRow> rows = [];
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            Currency currency = Currency.Of(reader.GetString(1));
            rows.Add(new TrialBalanceRow(Enum.Parse<AccountKind>(reader.GetString(0)), new Money(reader.GetInt64(2), currency), new Money(reader.GetInt64(3), currency)));
        }

        return rows;
    }

    /// <summary>As of an instant: what the transactions booked up to it, that instant included, come to.</summary>
    private static string Balances(Conditions wanted, DateTimeOffset? asOf) => asOf is not { } instant
        ? "billing.ledger_balance"
        : $"""
          (select account.tenant_id, account.id, account.kind, account.customer, account.grant_id, account.currency, coalesce((
            select sum(entry.amount) from billing.ledger_entry as entry
            join billing.ledger_transaction as posted on posted.tenant_id = entry.tenant_id and posted.seq = entry.seq
            where entry.tenant_id = account.tenant_id and entry.account = account.id and posted.booked_at <= {wanted.Value(instant.ToUniversalTime())}), 0)::bigint as balance
          from billing.ledger_account as account)
          """;
}
