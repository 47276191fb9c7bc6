using Metering.Billing.Ledger;
using Metering.Storage.Postgres;
using Npgsql;

namespace Metering.Billing.Postgres.Ledger;

/// <summary>Transactions as they are stored, a row for each entry.</summary>
internal static class PostedTransactions
{
    private const string Sql =
        """
        select posted.key, posted.effective_on, posted.booked_at, posted.reason, posted.reverses, posted.entries,
          account.kind, account.customer, account.grant_id, account.currency, entry.amount
        from billing.ledger_transaction as posted
        join billing.ledger_entry as entry on entry.tenant_id = posted.tenant_id and entry.seq = posted.seq
        join billing.ledger_account as account on account.tenant_id = entry.tenant_id and account.id = entry.account
        where posted.tenant_id = $1 and posted.key = any($2)
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
