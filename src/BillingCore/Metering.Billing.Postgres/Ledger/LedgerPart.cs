using Metering.Billing.Ledger;
using Metering.Billing.Postgres.Tenancy;
using Metering.Storage.Postgres;
using Npgsql;

namespace Metering.Billing.Postgres.Ledger;

/// <summary>What some transactions touch of a tenant's ledger, held until the database transaction ends.</summary>
/// <param name="Ledger">Decides about them.</param>
/// <param name="Accounts">Ids of the accounts that are open.</param>
internal sealed record LedgerPart(GeneralLedger Ledger, IReadOnlyDictionary<(Account Account, Currency Currency), long> Accounts)
{
    /// <summary>
    /// All look-ups are by key. They are prepared, and a connection may have planned them while the tables were still empty, when reading all of them looks
    /// cheapest: so that is ruled out for as long as it takes.
    /// </summary>
    /// <param name="opensAccounts">Whether accounts that are missing are opened.</param>
    public static async Task<LedgerPart> HoldAsync(
        TenantTransaction transaction, IReadOnlyList<LedgerTransaction> transactions, bool opensAccounts, CancellationToken cancellationToken)
    {
        StoredAccounts accounts = StoredAccounts.Of(transactions);
        string[] reversed = [.. transactions.SelectMany(one => one.Reverses).Distinct()];
        string[] keys = [.. transactions.Select(one => one.Key).Concat(reversed).Distinct()];
        NpgsqlBatchCommand[] Reading() =>
        [
            PostgresCommands.BatchCommand("set local enable_seqscan = off"),
            Hold(),
            accounts.Lock(transaction.Tenant, opensAccounts ? accounts.Count : 0),
            accounts.Find(transaction.Tenant),
            PostedTransactions.Command(transaction.Tenant, keys),
            PostgresCommands.BatchCommand("select reversed from billing.ledger_reversal where tenant_id = $1 and reversed = any($2)", transaction.Tenant, reversed),
            ClosedMonths.NewestCommand(transaction.Tenant),
            PostgresCommands.BatchCommand("set local enable_seqscan = on"),
        ];
        LedgerPart part = await ReadAsync(transaction, Reading(), cancellationToken);
        return part.Accounts.Count == accounts.Count || !opensAccounts
            ? part
            : await ReadAsync(transaction, [accounts.Open(transaction.Tenant), LedgerUpkeep.Begin(transaction.Tenant), .. Reading()], cancellationToken);
    }

    /// <summary>Keeps months open and snapshots away until the transaction ends. Posting does not wait for posting.</summary>
    public static NpgsqlBatchCommand Hold() => PostgresCommands.BatchCommand("select from pg_advisory_xact_lock_shared(billing.ledger_lock())");

    private static async Task<LedgerPart> ReadAsync(TenantTransaction transaction, NpgsqlBatchCommand[] commands, CancellationToken cancellationToken)
    {
        await using NpgsqlBatch batch = transaction.Batch(commands);
        await batch.PrepareAsync(cancellationToken);
        await using NpgsqlDataReader reader = await batch.ExecuteReaderAsync(cancellationToken);
        Dictionary<(Account, Currency), long> ids = [];
        Dictionary<(Account, Currency), long> balances = [];
        foreach (Dictionary<(Account, Currency), long>? kept in new[] { balances, null })
        {
            await reader.NextResultAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken))
            {
                (Account, Currency) account = (StoredAccounts.AccountOf(reader, 1), Currency.Of(reader.GetString(4)));
                ids.Add(account, reader.GetInt64(0));
                kept?.Add(account, reader.GetInt64(5));
            }
        }

        await reader.NextResultAsync(cancellationToken);
        List<LedgerTransaction> posted = await PostedTransactions.ReadAsync(reader, cancellationToken);
        await reader.NextResultAsync(cancellationToken);
        List<string> reversed = [];
        while (await reader.ReadAsync(cancellationToken))
        {
            reversed.Add(reader.GetString(0));
        }

        await reader.NextResultAsync(cancellationToken);
        return new LedgerPart(GeneralLedger.PartOf(posted, reversed, balances, await ClosedMonths.ReadOpenFromAsync(reader, cancellationToken)), ids);
    }
}
