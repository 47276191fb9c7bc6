using Metering.Billing.Ledger;
using Metering.Storage.Postgres;
using Npgsql;

namespace Metering.Billing.Postgres.Ledger;

/// <summary>Transactions as they are stored, a row for each entry.</summary>
internal static class PostedTransactions
{
    /// <summary>One look-up for each key, whatever plan the database would like better: mostly there is nothing.</summary>
    private const string Sql =
        """
        select posted.key, posted.effective_on, posted.booked_at, posted.reason, posted.reverses, posted.entries,
          account.kind, account.customer, account.grant_id, account.currency, entry.amount
        from unnest($2::text[]) as wanted (key)
        cross join lateral (select * from billing.ledger_transaction where tenant_id = $1 and key = wanted.key offset 0) as posted
        cross join lateral (select * from billing.ledger_entry where tenant_id = $1 and seq = posted.seq offset 0) as entry
        cross join lateral (select * from billing.ledger_account where tenant_id = $1 and id = entry.account offset 0) as account
        order by posted.seq, entry.n
        """;

    public static NpgsqlBatchCommand Command(string tenant, IEnumerable<string> keys) => PostgresCommands.BatchCommand(Sql, tenant, keys.ToArray());

    /// <summary>In the order of posting.</summary>
    public static async Task<List<LedgerTransaction>> ReadAsync(NpgsqlDataReader reader, CancellationToken cancellationToken)
    {
        List<LedgerTransaction> posted = [];
        List<Entry> entries = [];
        while (await reader.ReadAsync(cancellationToken))
        {
            entries.Add(EntryOf(reader.GetInt64(10), StoredAccounts.AccountOf(reader, 6), Currency.Of(reader.GetString(9))));
            if (entries.Count == reader.GetInt32(5))
            {
                Booking booking = new(reader.GetFieldValue<DateOnly>(1), reader.GetFieldValue<DateTimeOffset>(2));
                posted.Add(LedgerTransaction.Posted(reader.GetString(0), booking, [.. entries], reader.GetString(3), reader.GetFieldValue<string[]>(4)));
                entries.Clear();
            }
        }

        return posted;
    }

    public static Entry EntryOf(long amount, Account account, Currency currency) => amount > 0
        ? new Entry(account, Direction.Debit, new Money(amount, currency))
        : new Entry(account, Direction.Credit, new Money(checked(-amount), currency));
}
