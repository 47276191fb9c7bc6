using Metering.Billing.Ledger;
using Metering.Storage.Postgres;
using Npgsql;

namespace Metering.Billing.Postgres.Ledger;

/// <summary>Accounts as they are stored: one for each currency.</summary>
internal sealed class StoredAccounts
{
    /// <summary>One look-up for each, whatever plan the database would like better.</summary>
    public const string Wanted =
        """
        from unnest($2::text[], $3::text[], $4::text[], $5::text[]) with ordinality as wanted (kind, customer, grant_id, currency, n)
        cross join lateral (
          select * from billing.ledger_account
          where tenant_id = $1 and customer = wanted.customer and kind = wanted.kind and grant_id = wanted.grant_id and currency = wanted.currency offset 0) as account
        """;

    private readonly Dictionary<(Account Account, Currency Currency), int> _places;
    private readonly string[] _kinds;
    private readonly string[] _customers;
    private readonly string[] _grants;
    private readonly string[] _currencies;

    private StoredAccounts((Account Account, Currency Currency)[] accounts)
    {
        _places = accounts.Index().ToDictionary(one => one.Item, one => one.Index + 1);
        _kinds = Array.ConvertAll(accounts, one => one.Account.Kind.ToString());
        _customers = Array.ConvertAll(accounts, one => one.Account.Customer);
        _grants = Array.ConvertAll(accounts, one => one.Account.Grant);
        _currencies = Array.ConvertAll(accounts, one => one.Currency.Code);
    }

    public int Count => _kinds.Length;

    /// <summary>The place of its account among them, from one.</summary>
    public int PlaceOf(Entry entry) => _places[(entry.Account, entry.Amount.Currency)];

    /// <summary>All that the transactions have entries in, in one order wherever they come from: who opens or locks the same ones does not deadlock.</summary>
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

    /// <summary>
    /// Those that keep their balance, locked in the order of their ids until the transaction ends. None when fewer are open than needed: who opens accounts must hold
    /// no other meanwhile, or two who open and lock the same ones would wait for each other.
    /// </summary>
    public NpgsqlBatchCommand Lock(string tenant, int needed) => Command(
        $"""
        select account.* from (select array_agg(account.id order by account.id) as ids {Wanted} having count(*) >= $6) as opened cross join unnest(ids) as opened_account (id)
        cross join lateral (
          select kind, customer, grant_id, currency, balance from billing.ledger_account
          where tenant_id = $1 and id = opened_account.id and balance is not null for no key update) as account
        """,
        tenant, needed);

    /// <summary>How many there are whose balance is folded: they are not locked.</summary>
    public NpgsqlBatchCommand CountFolded(string tenant) => Command($"select count(*) {Wanted} where account.balance is null", tenant);

    /// <param name="sql">With <see cref="Wanted"/>.</param>
    /// <param name="more">From <c>$6</c>.</param>
    public NpgsqlBatchCommand Command(string sql, string tenant, params ReadOnlySpan<object?> more) =>
        PostgresCommands.BatchCommand(sql, [tenant, _kinds, _customers, _grants, _currencies, .. more]);
}
