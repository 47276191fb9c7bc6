using Metering.Billing.Ledger;
using Metering.Billing.Postgres.Tenancy;
using Metering.Storage.Postgres;
using Npgsql;

namespace Metering.Billing.Postgres.Ledger;

/// <summary>Writes transactions with their entries, in one statement. It is not prepared: how the two are joined depends on how many they are.</summary>
internal static class LedgerWriter
{
    private const string Sql =
        """
        with added as (
          insert into billing.ledger_transaction (tenant_id, key, effective_on, booked_at, reason, reverses, entries)
          select $1, given.key, given.effective_on, given.booked_at, given.reason, coalesce(reversal.keys, '{}'), given.entries
          from unnest($2::text[], $3::date[], $4::timestamptz[], $5::text[], $6::int[]) with ordinality as given (key, effective_on, booked_at, reason, entries, n)
          left join (select key, array_agg(reversed order by n) as keys from unnest($7::text[], $8::text[]) with ordinality as one (key, reversed, n) group by key) as reversal
            on reversal.key = given.key
          order by given.n
          on conflict (tenant_id, key) do nothing
          returning key, seq),
        entered as (
          insert into billing.ledger_entry (tenant_id, seq, n, account, amount)
          select $1, added.seq, entry.n, entry.account, entry.amount
          from unnest($9::text[], $10::int[], $11::bigint[], $12::bigint[]) as entry (key, n, account, amount) join added on added.key = entry.key)
        select count(*) from added
        """;

    /// <param name="transactions">All of them new, as far as anybody could see.</param>
    /// <exception cref="PostgresException">serialization_failure: one of them was posted in this moment.</exception>
    public static async Task WriteAsync(
        TenantTransaction transaction, LedgerTransaction[] transactions, IReadOnlyDictionary<(Account Account, Currency Currency), long> accounts, CancellationToken cancellationToken)
    {
        if (transactions.Length == 0)
        {
            return;
        }

        (string Key, string Reversed)[] reversals = [.. transactions.SelectMany(one => one.Reverses.Select(reversed => (one.Key, reversed)))];
        (string Key, int Number, Entry Entry)[] entries = [.. transactions.SelectMany(one => one.Entries.Select((entry, index) => (one.Key, index + 1, entry)))];
        await using NpgsqlBatch batch = transaction.Batch(PostgresCommands.BatchCommand(
            Sql,
            transaction.Tenant,
            Array.ConvertAll(transactions, one => one.Key),
            Array.ConvertAll(transactions, one => one.Booking.EffectiveOn),
            Array.ConvertAll(transactions, one => one.Booking.BookedAt.ToUniversalTime()),
            Array.ConvertAll(transactions, one => one.Reason),
            Array.ConvertAll(transactions, one => one.Entries.Count),
            Array.ConvertAll(reversals, one => one.Key),
            Array.ConvertAll(reversals, one => one.Reversed),
            Array.ConvertAll(entries, one => one.Key),
            Array.ConvertAll(entries, one => one.Number),
            Array.ConvertAll(entries, one => accounts[(one.Entry.Account, one.Entry.Amount.Currency)]),
            Array.ConvertAll(entries, one => one.Entry.Signed)));
        long added = (long)(await batch.ExecuteScalarAsync(cancellationToken))!;
        if (added != transactions.Length)
        {
            throw new PostgresException("A ledger transaction with the same key was posted in this moment.", "ERROR", "ERROR", PostgresErrorCodes.SerializationFailure);
        }
    }
}
