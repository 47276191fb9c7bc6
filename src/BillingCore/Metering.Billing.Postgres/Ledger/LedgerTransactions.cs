using Metering.Billing.Ledger;
using Metering.Billing.Postgres.Tenancy;
using Npgsql;

namespace Metering.Billing.Postgres.Ledger;

/// <param name="Seq">Its number, in the order of posting.</param>
public sealed record PostedTransaction(long Seq, LedgerTransaction Transaction);

/// <summary>Which transactions are wanted; null for all.</summary>
/// <param name="Account">With an entry in it.</param>
/// <param name="Customer">With an entry in an account of his.</param>
/// <param name="KeyPrefix">Whose key begins with it.</param>
/// <param name="From">Booked at or after it.</param>
/// <param name="Until">Booked before it.</param>
public sealed record TransactionFilter(Account? Account, string? Customer, string? KeyPrefix, DateTimeOffset? From, DateTimeOffset? Until);

/// <summary>What was posted, in the order of posting.</summary>
public static class LedgerTransactions
{
    /// <param name="after">The number that the last page ended with.</param>
    public static async Task<IReadOnlyList<PostedTransaction>> ListAsync(
        TenantTransaction transaction, TransactionFilter filter, long after, int limit, CancellationToken cancellationToken)
    {
        Dictionary<string, long> found = await FindAsync(transaction, filter, after, limit, cancellationToken);
        IReadOnlyDictionary<string, LedgerTransaction> posted = await LedgerStore.ReadAsync(transaction, [.. found.Keys], cancellationToken);
        return [.. found.OrderBy(one => one.Value).Select(one => new PostedTransaction(one.Value, posted[one.Key]))];
    }

    private static async Task<Dictionary<string, long>> FindAsync(TenantTransaction transaction, TransactionFilter filter, long after, int limit, CancellationToken cancellationToken)
    {
        Conditions wanted = Wanted(transaction.Tenant, filter, after);
        string most = wanted.Value(limit);
        await using NpgsqlCommand command = transaction.Command($"select key, seq from billing.ledger_transaction as posted where {wanted} order by seq limit {most}", wanted.Values);
        Dictionary<string, long> found = [];
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            found.Add(reader.GetString(0), reader.GetInt64(1));
        }

        return found;
    }

    private static Conditions Wanted(string tenant, TransactionFilter filter, long after)
    {
        Conditions wanted = new();
        string own = wanted.Value(tenant);
        string last = wanted.Value(after);
        wanted.Add($"tenant_id = {own} and seq > {last}");
        if (filter.Account is { } account)
        {
            wanted.Add(Touching($"(kind, customer, grant_id) = ({wanted.Value(account.Kind.ToString())}, {wanted.Value(account.Customer)}, {wanted.Value(account.Grant)})"));
        }

        if (filter.Customer is { } customer)
        {
            wanted.Add(Touching($"customer = {wanted.Value(customer)}"));
        }

        if (filter.KeyPrefix is { } prefix)
        {
            wanted.Add($"key ^@ {wanted.Value(prefix)}");
        }

        if (filter.From is { } from)
        {
            wanted.Add($"booked_at >= {wanted.Value(from.ToUniversalTime())}");
        }

        if (filter.Until is { } until)
        {
            wanted.Add($"booked_at < {wanted.Value(until.ToUniversalTime())}");
        }

        return wanted;

        string Touching(string accounts) =>
            $"""
            seq in (select entry.seq from billing.ledger_entry as entry where entry.tenant_id = {own} and entry.seq > {last}
              and entry.account in (select id from billing.ledger_account where tenant_id = {own} and {accounts}))
            """;
    }
}
