using Metering.Billing.Ledger;
using Metering.Billing.Postgres.Tenancy;
using Npgsql;

namespace Metering.Billing.Postgres.Ledger;

/// <summary>Writes transactions with their entries, in one statement.</summary>
internal static class LedgerWriter
{
    /// <summary>
    /// The plan is made once and serves any number: what is looked up is looked up by key, one by one, and nothing is joined that grows with both sides. So entries come
    /// as their place among the accounts and a sum, and find their transaction by its place: numbers are given in the order of insertion.
    /// </summary>
    private const string Sql =
        $"""
        with opened as (
          select array_agg(account.id order by wanted.n) as ids {StoredAccounts.Wanted}),
        fits as (
          select ids from opened
          where cardinality(ids) = cardinality($2)
            and not exists (
              select from unnest($6::text[]) as wanted (key)
              cross join lateral (select from billing.ledger_transaction where tenant_id = $1 and key = wanted.key offset 0) as posted)
            and not exists (select from billing.ledger_close where tenant_id = $1 and month + interval '1 month' > $14)),
        added as (
          insert into billing.ledger_transaction (tenant_id, key, effective_on, booked_at, reason, reverses, entries)
          select $1, given.key, given.effective_on, given.booked_at, given.reason,
            array(select ($11::text[])[given.reversed_before + i] from generate_series(1, given.reversed) as i), given.entries
          from fits cross join unnest($6::text[], $7::date[], $8::timestamptz[], $9::text[], $10::int[], $12::int[], $13::int[])
            with ordinality as given (key, effective_on, booked_at, reason, entries, reversed_before, reversed, n)
          order by given.n
          returning seq),
        entered as (
          insert into billing.ledger_entry (tenant_id, seq, n, account, amount)
          select $1, placed.seq, entry.n, fits.ids[($16::int[])[placed.before + entry.n]], ($17::bigint[])[placed.before + entry.n]
          from fits cross join (
            select seq, ($15::int[])[row_number() over (order by seq)] as before, ($10::int[])[row_number() over (order by seq)] as entries from added) as placed
          cross join lateral generate_series(1, placed.entries) as entry (n))
        select count(*) from added
        """;

    /// <summary>All of them, if their keys are new, their accounts open, and their months too; otherwise none. Holds the ledger shared, and the balances it changes.</summary>
    /// <param name="transactions">With different keys. What they reverse, and whether somebody would spend what he does not have, was decided before.</param>
    /// <returns>Whether they were written.</returns>
    /// <exception cref="PostgresException">serialization_failure: one of them was posted in this moment.</exception>
    public static async Task<bool> TryWriteAsync(TenantTransaction transaction, IReadOnlyList<LedgerTransaction> transactions, CancellationToken cancellationToken)
    {
        if (transactions.Count == 0)
        {
            return true;
        }

        await using NpgsqlBatch batch = transaction.Batch(LedgerPlans.Begin(), LedgerPart.Hold(), Command(transaction.Tenant, transactions), LedgerPlans.End());
        await batch.PrepareAsync(cancellationToken);
        try
        {
            await using NpgsqlDataReader reader = await batch.ExecuteReaderAsync(cancellationToken);
            await reader.NextResultAsync(cancellationToken);
            await reader.NextResultAsync(cancellationToken);
            await reader.ReadAsync(cancellationToken);
            return reader.GetInt64(0) > 0;
        }
        catch (PostgresException taken) when (taken.SqlState == PostgresErrorCodes.UniqueViolation)
        {
            throw Clash();
        }
    }

    public static PostgresException Clash() =>
        new("A ledger transaction with the same key was posted in this moment.", "ERROR", "ERROR", PostgresErrorCodes.SerializationFailure);

    private static NpgsqlBatchCommand Command(string tenant, IReadOnlyList<LedgerTransaction> transactions)
    {
        StoredAccounts accounts = StoredAccounts.Of(transactions);
        Entry[] entries = [.. transactions.SelectMany(one => one.Entries)];
        return accounts.Command(
            Sql,
            tenant,
            Column(transactions, one => one.Key),
            Column(transactions, one => one.Booking.EffectiveOn),
            Column(transactions, one => one.Booking.BookedAt.ToUniversalTime()),
            Column(transactions, one => one.Reason),
            Column(transactions, one => one.Entries.Count),
            transactions.SelectMany(one => one.Reverses).ToArray(),
            Before(transactions, one => one.Reverses.Count),
            Column(transactions, one => one.Reverses.Count),
            transactions.Min(one => one.Booking.EffectiveOn),
            Before(transactions, one => one.Entries.Count),
            Array.ConvertAll(entries, one => accounts.PlaceOf(one)),
            Array.ConvertAll(entries, one => one.Signed));
    }

    private static T[] Column<T>(IReadOnlyList<LedgerTransaction> transactions, Func<LedgerTransaction, T> value) => [.. transactions.Select(value)];

    /// <summary>How many there are in all transactions before each.</summary>
    private static int[] Before(IReadOnlyList<LedgerTransaction> transactions, Func<LedgerTransaction, int> count)
    {
        int[] before = new int[transactions.Count];
        for (int i = 1; i < before.Length; i++)
        {
            before[i] = before[i - 1] + count(transactions[i - 1]);
        }

        return before;
    }
}
