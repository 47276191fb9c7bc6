using Metering.Billing.Ledger;
using Metering.Billing.Postgres.Tenancy;
using Metering.Storage.Postgres;
using Npgsql;

namespace Metering.Billing.Postgres.Ledger;

/// <summary>What some transactions touch of a tenant's ledger, held until the database transaction ends.</summary>
internal static class LedgerPart
{
    /// <returns>Decides about them as the whole ledger would.</returns>
    /// <param name="opensAccounts">Whether accounts that are missing are opened.</param>
    public static async Task<GeneralLedger> HoldAsync(
        TenantTransaction transaction, IReadOnlyList<LedgerTransaction> transactions, bool opensAccounts, CancellationToken cancellationToken)
    {
        StoredAccounts accounts = StoredAccounts.Of(transactions);
        string[] reversed = [.. transactions.SelectMany(one => one.Reverses).Distinct()];
        string[] keys = [.. transactions.Select(one => one.Key).Concat(reversed).Distinct()];
        NpgsqlBatchCommand[] Reading() =>
        [
            LedgerPlans.Begin(),
            Hold(),
            accounts.Lock(transaction.Tenant, opensAccounts ? accounts.Count : 0),
            accounts.CountFolded(transaction.Tenant),
            PostedTransactions.Command(transaction.Tenant, keys),
            PostgresCommands.BatchCommand("select reversed from billing.ledger_reversal where tenant_id = $1 and reversed = any($2)", transaction.Tenant, reversed),
            ClosedMonths.NewestCommand(transaction.Tenant),
            LedgerPlans.End(),
        ];
        (GeneralLedger ledger, long open) = await ReadAsync(transaction, Reading(), cancellationToken);
        return open == accounts.Count || !opensAccounts
            ? ledger
            : (await ReadAsync(transaction, [accounts.Open(transaction.Tenant), LedgerUpkeep.Begin(transaction.Tenant), .. Reading()], cancellationToken)).Ledger;
    }

    /// <summary>Keeps months open and snapshots away until the transaction ends. Posting does not wait for posting.</summary>
    public static NpgsqlBatchCommand Hold() => PostgresCommands.BatchCommand("select from pg_advisory_xact_lock_shared(billing.ledger_lock())");

    /// <returns>And how many of the accounts are open.</returns>
    private static async Task<(GeneralLedger Ledger, long Open)> ReadAsync(TenantTransaction transaction, NpgsqlBatchCommand[] commands, CancellationToken cancellationToken)
    {
        await using NpgsqlBatch batch = transaction.Batch(commands);
        await batch.PrepareAsync(cancellationToken);
        await using NpgsqlDataReader reader = await batch.ExecuteReaderAsync(cancellationToken);
        await reader.NextResultAsync(cancellationToken); // plans
        await reader.NextResultAsync(cancellationToken); // the hold
        Dictionary<(Account, Currency), long> balances = [];
        while (await reader.ReadAsync(cancellationToken))
        {
            balances.Add((StoredAccounts.AccountOf(reader, 0), Currency.Of(reader.GetString(3))), reader.GetInt64(4));
        }

        await reader.NextResultAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        long open = balances.Count + reader.GetInt64(0);
        await reader.NextResultAsync(cancellationToken);
        List<LedgerTransaction> posted = await PostedTransactions.ReadAsync(reader, cancellationToken);
        await reader.NextResultAsync(cancellationToken);
        List<string> reversed = [];
        while (await reader.ReadAsync(cancellationToken))
        {
            reversed.Add(reader.GetString(0));
        }

        await reader.NextResultAsync(cancellationToken);
        return (GeneralLedger.PartOf(posted, reversed, balances, await ClosedMonths.ReadOpenFromAsync(reader, cancellationToken)), open);
    }
}
