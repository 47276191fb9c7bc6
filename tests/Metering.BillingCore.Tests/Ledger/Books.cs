using System.Security.Cryptography;
using Metering.Billing;
using Metering.Billing.Ledger;
using Metering.Billing.Postgres.Ledger;
using Metering.Billing.Postgres.Tenancy;
using Metering.Storage.Postgres;
using Npgsql;
using Xunit;

namespace Metering.BillingCore.Tests.Ledger;

/// <summary>The ledger of one tenant that nobody else uses.</summary>
internal sealed class Books(PostgresDatabase postgres, string? tenant = null)
{
    public static readonly Currency Dollars = Currency.Of("USD");
    public static readonly Account Bank = Account.OfTenant(AccountKind.Bank);
    public static readonly Account Fees = Account.OfTenant(AccountKind.Fees);
    public static readonly Account Revenue = Account.OfTenant(AccountKind.Revenue);
    public static readonly DateTimeOffset Noon = new(2026, 1, 31, 12, 0, 0, TimeSpan.Zero);

    private readonly TenantDatabase _database = new(postgres);

    public string Tenant { get; } = tenant ?? $"l_{RandomNumberGenerator.GetHexString(12, lowercase: true)}";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static Account Receivable(string customer) => Account.OfCustomer(AccountKind.Receivable, customer);

    public static Account Credit(string customer) => Account.OfCustomer(AccountKind.CustomerCredit, customer);

    public static Money Usd(long cents) => new(cents, Dollars);

    public static LedgerTransaction Move(string key, Account debit, Account credit, long cents, string effectiveOn = "2026-01-31") => LedgerTransaction.Create(
        key, new Booking(DateOnly.Parse(effectiveOn, null), Noon), [new Entry(debit, Direction.Debit, Usd(cents)), new Entry(credit, Direction.Credit, Usd(cents))]);

    public Task<TenantTransaction> BeginAsync() => _database.BeginAsync(Tenant, Token);

    /// <summary>In a transaction of its own, which is committed.</summary>
    public async Task<T> InAsync<T>(Func<TenantTransaction, Task<T>> work)
    {
        await using TenantTransaction transaction = await BeginAsync();
        T result = await work(transaction);
        await transaction.CommitAsync(Token);
        return result;
    }

    public Task<IReadOnlyList<PostResult>> PostAsync(PostMode mode, params IReadOnlyList<LedgerTransaction> transactions) =>
        InAsync(transaction => LedgerStore.PostAsync(transaction, transactions, mode, Token));

    public async Task<PostResult> PostAsync(LedgerTransaction transaction) => (await PostAsync(PostMode.Atomic, transaction)).Single();

    public Task<Money> BalanceAsync(Account account) => InAsync(transaction => LedgerStore.BalanceAsync(transaction, account, Dollars, Token));

    public Task<bool> CloseAsync(DateOnly month) => InAsync(transaction => ClosedMonths.CloseAsync(transaction, new ClosedMonth(month, Noon, "ada"), Token));

    public Task<long> SnapshotAsync() => InAsync(async transaction => (long)(await ScalarAsync(transaction, "select billing.take_ledger_snapshot()"))!);

    public static async Task<object?> ScalarAsync(TenantTransaction transaction, string sql)
    {
        await using NpgsqlCommand command = transaction.Command(sql);
        return await command.ExecuteScalarAsync(Token);
    }

    /// <summary>Accounts whose balance is not the sum of their entries, and transactions that do not sum to zero: none, always.</summary>
    public Task<long> DifferencesAsync() => InAsync(async transaction => (long)(await ScalarAsync(transaction,
        """
        select (
          select count(*) from billing.ledger_balance total
          where total.balance <> (select coalesce(sum(amount), 0) from billing.ledger_entry entry where entry.tenant_id = total.tenant_id and entry.account = total.id)) + (
          select count(*) from (
            select from billing.ledger_entry entry join billing.ledger_account account on account.tenant_id = entry.tenant_id and account.id = entry.account
            group by entry.seq, account.currency having sum(entry.amount) <> 0) as unbalanced)
        """))!);
}
