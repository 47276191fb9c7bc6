using Metering.Billing.Ledger;
using Metering.Billing.Postgres.Tenancy;
using Npgsql;

namespace Metering.Billing.Postgres.Ledger;

/// <summary>
/// A tenant's ledger. What posting comes to is decided by <see cref="GeneralLedger"/>, over the part of the ledger that it touches and under locks on it: the
/// ledger shared, then the balances of customers and of refunds in the order of their ids. The database holds whoever writes to the same laws.
/// </summary>
public static class LedgerStore
{
    /// <summary>
    /// Posts in order, in at most four round trips however many there are, mostly in one. What it writes is there once the caller's transaction commits.
    /// </summary>
    /// <returns>A result for each, in their order.</returns>
    /// <exception cref="PostgresException">
    /// serialization_failure: somebody else posted one of the keys in this moment. As with a deadlock, the transaction is to be done again from its beginning.
    /// </exception>
    public static async Task<IReadOnlyList<PostResult>> PostAsync(
        TenantTransaction transaction, IReadOnlyList<LedgerTransaction> transactions, PostMode mode, CancellationToken cancellationToken)
    {
        if (mode != PostMode.DryRun && PassWhenNew(transactions) && await LedgerWriter.TryWriteAsync(transaction, transactions, cancellationToken))
        {
            return [.. Enumerable.Repeat(PostResult.Posted, transactions.Count)];
        }

        GeneralLedger ledger = await LedgerPart.HoldAsync(transaction, transactions, opensAccounts: mode != PostMode.DryRun, cancellationToken);
        (IReadOnlyList<PostResult> results, _) = ledger.PostAll(transactions, atomic: mode == PostMode.Atomic);
        if (mode != PostMode.DryRun)
        {
            LedgerTransaction[] posted = [.. transactions.Where((_, index) => results[index] == PostResult.Posted)];
            if (!await LedgerWriter.TryWriteAsync(transaction, posted, cancellationToken))
            {
                throw LedgerWriter.Clash();
            }
        }

        return results;
    }

    /// <summary>
    /// Whether nothing can be held against them but what the writing itself sees: a key that was posted, a month that is closed. So what they touch need not be
    /// read first, and the balances they change are locked for a shorter time.
    /// </summary>
    private static bool PassWhenNew(IReadOnlyList<LedgerTransaction> transactions) =>
        transactions.All(one => one.Reverses.Count == 0 && !one.Entries.Any(entry => entry.Account.RefusesOverdraft && entry.Direction == Direction.Debit))
        && transactions.DistinctBy(one => one.Key).Count() == transactions.Count;

    /// <summary>Those that were posted, by key.</summary>
    public static async Task<IReadOnlyDictionary<string, LedgerTransaction>> ReadAsync(TenantTransaction transaction, IReadOnlyList<string> keys, CancellationToken cancellationToken)
    {
        await using NpgsqlBatch batch = transaction.Batch(PostedTransactions.Command(transaction.Tenant, keys));
        await using NpgsqlDataReader reader = await batch.ExecuteReaderAsync(cancellationToken);
        List<LedgerTransaction> posted = await PostedTransactions.ReadAsync(reader, cancellationToken);
        return posted.ToDictionary(one => one.Key);
    }

    /// <summary>What is on the normal side of an account more than on the other. Locks nothing.</summary>
    public static async Task<Money> BalanceAsync(TenantTransaction transaction, Account account, Currency currency, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = transaction.Command(
            "select balance from billing.ledger_balance where tenant_id = $1 and customer = $2 and kind = $3 and grant_id = $4 and currency = $5",
            transaction.Tenant, account.Customer, account.Kind.ToString(), account.Grant, currency.Code);
        return account.Balance(await command.ExecuteScalarAsync(cancellationToken) as long? ?? 0, currency);
    }

    /// <summary>The day itself when its month is open, otherwise the first day of the first open month. It stays so until the transaction ends.</summary>
    public static async Task<DateOnly> FirstOpenAsync(TenantTransaction transaction, DateOnly day, CancellationToken cancellationToken)
    {
        await using NpgsqlBatch batch = transaction.Batch(LedgerPart.Hold(), ClosedMonths.NewestCommand(transaction.Tenant));
        await using NpgsqlDataReader reader = await batch.ExecuteReaderAsync(cancellationToken);
        await reader.NextResultAsync(cancellationToken);
        return GeneralLedger.PartOf([], [], [], await ClosedMonths.ReadOpenFromAsync(reader, cancellationToken)).FirstOpen(day);
    }
}
