using Metering.Billing.Ledger;
using Metering.Storage.Postgres;
using Npgsql;

namespace Metering.Billing.Postgres.Ledger;

/// <summary>Accounts as they are stored: one for each currency.</summary>
internal sealed class StoredAccounts
{
    private const string Wanted =
        """
        select account.id, account.kind, account.customer, account.grant_id, account.currency, account.balance
        from billing.ledger_account as account
        join unnest($2::text[], $3::text[], $4::text[], $5::text[]) as wanted (kind, customer, grant_id, currency)
          on account.customer = wanted.customer and account.kind = wanted.kind and account.grant_id = wanted.grant_id and account.currency = wanted.currency
        where account.tenant_id = $1
        """;

    private readonly string[] _kinds;
    private readonly string[] _customers;
    private readonly string[] _grants;
    private readonly string[] _currencies;

    private StoredAccounts((Account Account, Currency Currency)[] accounts)
    {
        _kinds = Array.ConvertAll(accounts, one => one.Account.Kind.ToString());
        _customers = Array.ConvertAll(accounts, one => one.Account.Customer);
        _grants = Array.ConvertAll(accounts, one => one.Account.Grant);
        _currencies = Array.ConvertAll(accounts, one => one.Currency.Code);
    }

    public int Count => _kinds.Length;

    /// <summary>All that the transactions have entries in, in one order wherever they come from: accounts that are opened at the same time do not deadlock.</summary>
    public static StoredAccounts Of(IEnumerable<LedgerTransaction> transactions) => new([.. transactions
        .SelectMany(transaction => transaction.Entries)
        .Select(entry => (entry.Account, entry.Amount.Currency))
        .Distinct()
        .OrderBy(one => one.Account.Kind).ThenBy(one => one.Account.Customer, StringComparer.Ordinal).ThenBy(one => one.Account.Grant, StringComparer.Ordinal)
        .ThenBy(one => one.Currency.Code, StringComparer.Ordinal)]);

    /// <summary>Three columns.</summary>
    public static Account AccountOf(NpgsqlDataReader reader, int column) =>
        Account.Of(Enum.Parse<AccountKind>(reader.GetString(column)), reader.GetString(column + 1), reader.GetString(column + 2));

    public NpgsqlBatchCommand Open(string tenant) => Command(
        """
        insert into billing.ledger_account (tenant_id, kind, customer, grant_id, currency)
        select $1, kind, customer, grant_id, currency
        from unnest($2::text[], $3::text[], $4::text[], $5::text[]) with ordinality as wanted (kind, customer, grant_id, currency, n) order by n
        on conflict (tenant_id, customer, kind, grant_id, currency) do nothing
        """,
        tenant);

    /// <summary>Those that keep their balance, locked until the transaction ends.</summary>
    public NpgsqlBatchCommand Lock(string tenant) => Command($"{Wanted} and account.balance is not null order by account.id for no key update of account", tenant);

    /// <summary>Those whose balance is folded, without a lock.</summary>
    public NpgsqlBatchCommand Find(string tenant) => Command($"{Wanted} and account.balance is null", tenant);

    private NpgsqlBatchCommand Command(string sql, string tenant) => PostgresCommands.BatchCommand(sql, tenant, _kinds, _customers, _grants, _currencies);
}
