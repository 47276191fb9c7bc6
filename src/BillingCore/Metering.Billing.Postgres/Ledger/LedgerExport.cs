using System.Runtime.CompilerServices;
using Metering.Billing.Ledger;
using Metering.Billing.Postgres.Tenancy;
using Npgsql;

namespace Metering.Billing.Postgres.Ledger;

/// <param name="Seq">Of the transaction.</param>
/// <param name="Number">Within it: 1, 2, 3 …</param>
public sealed record ExportedEntry(long Seq, int Number, string Key, Booking Booking, string Reason, Entry Entry);

/// <summary>All entries, in the order of posting, in slices that lose nothing.</summary>
public static class LedgerExport
{
    /// <summary>The newest number, once nobody is posting at or below it any more. Commit soon: until then nobody posts.</summary>
    /// <exception cref="PostgresException">lock_not_available: somebody was posting for longer than five seconds.</exception>
    public static async Task<long> SettleAsync(TenantTransaction transaction, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand limit = transaction.Command("set local lock_timeout = '5s'");
        await limit.ExecuteNonQueryAsync(cancellationToken);
        await using NpgsqlCommand settle = transaction.Command("select billing.settle_ledger()");
        return (long)(await settle.ExecuteScalarAsync(cancellationToken))!;
    }

    /// <summary>Entries of the transactions (after, upto], as they come from the database.</summary>
    public static async IAsyncEnumerable<ExportedEntry> ReadAsync(TenantTransaction transaction, long after, long upto, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = transaction.Command(
            """
            select posted.seq, entry.n, posted.key, posted.effective_on, posted.booked_at, posted.reason, account.kind, account.customer, account.grant_id, account.currency, entry.amount
            from billing.ledger_transaction as posted
            join billing.ledger_entry as entry on entry.tenant_id = posted.tenant_id and entry.seq = posted.seq
            join billing.ledger_account as account on account.tenant_id = entry.tenant_id and account.id = entry.account
            where posted.tenant_id = $1 and posted.seq > $2 and posted.seq <= $3
            order by posted.seq, entry.n
            """,
            transaction.Tenant, after, upto);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            Entry entry = PostedTransactions.EntryOf(reader.GetInt64(10), StoredAccounts.AccountOf(reader, 6), Currency.Of(reader.GetString(9)));
            Booking booking = new(reader.GetFieldValue<DateOnly>(3), reader.GetFieldValue<DateTimeOffset>(4));
            yield return new ExportedEntry(reader.GetInt64(0), reader.GetInt32(1), reader.GetString(2), booking, reader.GetString(5), entry);
        }
    }
}
