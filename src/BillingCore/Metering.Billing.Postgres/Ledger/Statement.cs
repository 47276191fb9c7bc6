using Metering.Billing.Ledger;
using Metering.Billing.Postgres.Tenancy;
using Npgsql;

namespace Metering.Billing.Postgres.Ledger;

/// <param name="Opening">Before the first day.</param>
/// <param name="Closing">After the last day.</param>
public sealed record StatementAccount(Account Account, Money Opening, Money Closing);

/// <param name="Place">Where it stands in the statement: day, number of the transaction, number of the entry.</param>
/// <param name="Balance">Of its account after it, on the normal side.</param>
public sealed record StatementEntry((DateOnly Day, long Seq, int Number) Place, string Key, DateTimeOffset BookedAt, Entry Entry, Money Balance);

/// <summary>What a customer's accounts had, what happened, and what they have, by accounting day: [from, until).</summary>
public static class Statement
{
    private const string Entries =
        """
        billing.ledger_account as account
        join billing.ledger_entry as entry on entry.tenant_id = account.tenant_id and entry.account = account.id
        join billing.ledger_transaction as posted on posted.tenant_id = entry.tenant_id and posted.seq = entry.seq
        where account.tenant_id = $1 and account.customer = $2
        """;

    /// <summary>In the order of opening.</summary>
    public static async Task<IReadOnlyList<StatementAccount>> AccountsAsync(
        TenantTransaction transaction, string customer, DateOnly from, DateOnly until, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = transaction.Command(
            $"""
            select account.kind, account.customer, account.grant_id, account.currency,
              coalesce(sum(entry.amount) filter (where posted.effective_on < $3), 0)::bigint, sum(entry.amount)::bigint
            from {Entries} and posted.effective_on < $4
            group by account.id, account.kind, account.customer, account.grant_id, account.currency order by account.id
            """,
            transaction.Tenant, customer, from, until);
        List<StatementAccount> accounts = [];
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            Account account = StoredAccounts.AccountOf(reader, 0);
            Currency currency = Currency.Of(reader.GetString(3));
            accounts.Add(new StatementAccount(account, account.Balance(reader.GetInt64(4), currency), account.Balance(reader.GetInt64(5), currency)));
        }

        return accounts;
    }

    /// <summary>By day, and in the order of posting within it.</summary>
    /// <param name="after">The place that the last page ended with.</param>
    public static async Task<IReadOnlyList<StatementEntry>> EntriesAsync(
        TenantTransaction transaction, string customer, DateOnly from, DateOnly until, (DateOnly Day, long Seq, int Number)? after, int limit, CancellationToken cancellationToken)
    {
        (DateOnly day, long seq, int number) = after ?? (DateOnly.MinValue, 0, 0);
        await using NpgsqlCommand command = transaction.Command(
            $"""
            select * from (
              select posted.effective_on, posted.seq, entry.n, posted.key, posted.booked_at, account.kind, account.customer, account.grant_id, account.currency, entry.amount,
                sum(entry.amount) over (partition by account.id order by posted.effective_on, posted.seq, entry.n)::bigint
              from {Entries} and posted.effective_on < $4) as history
            where effective_on >= $3 and (effective_on, seq, n) > ($5::date, $6::bigint, $7::int)
            order by effective_on, seq, n limit $8
            """,
            transaction.Tenant, customer, from, until, day, seq, number, limit);
        List<StatementEntry> entries = [];
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            Account account = StoredAccounts.AccountOf(reader, 5);
            Currency currency = Currency.Of(reader.GetString(8));
            entries.Add(new StatementEntry(
                (reader.GetFieldValue<DateOnly>(0), reader.GetInt64(1), reader.GetInt32(2)), reader.GetString(3), reader.GetFieldValue<DateTimeOffset>(4),
                PostedTransactions.EntryOf(reader.GetInt64(9), account, currency), account.Balance(reader.GetInt64(10), currency)));
        }

        return entries;
    }
}
