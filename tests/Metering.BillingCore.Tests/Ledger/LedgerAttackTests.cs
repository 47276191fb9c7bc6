using Metering.Billing.Ledger;
using Metering.Billing.Postgres.Ledger;
using Metering.BillingCore.Tests.Testing;
using Npgsql;
using Xunit;

namespace Metering.BillingCore.Tests.Ledger;

/// <summary>Raw SQL past the program: as the application's role, as a mistake in a query would be, and as the owner of the tables.</summary>
public sealed class LedgerAttackTests(Engines engines)
{
    private const string Insert = "insert into billing.ledger_transaction (tenant_id, key, effective_on, booked_at, reason, reverses, entries)";

    private readonly Books _books = new(engines.Postgres);

    /// <summary>A transaction with entries of these accounts and amounts.</summary>
    private static string Post(string entries, int count = 2, string effectiveOn = "2026-06-15", string reverses = "{}", string tenant = "$tenant") =>
        $"""
        with added as ({Insert} values ('{tenant}', 'attack', '{effectiveOn}', now(), '', '{reverses}', {count}) returning seq)
        insert into billing.ledger_entry (tenant_id, seq, n, account, amount)
        select '{tenant}', added.seq, row_number() over (), account.id, given.amount
        from added, (values {entries}) as given (kind, currency, amount) left join billing.ledger_account account on account.kind = given.kind and account.currency = given.currency and account.tenant_id = '$tenant'
        """;

    public static TheoryData<string, string> Attacks { get; } = new()
    {
        { Post("('Fees', 'USD', 5), ('Bank', 'USD', -4)"), PostgresErrorCodes.CheckViolation },
        { Post("('Fees', 'USD', 5)", 1), PostgresErrorCodes.CheckViolation },
        { Post("('Fees', 'USD', 5), ('Bank', 'EUR', -5)"), PostgresErrorCodes.CheckViolation },
        { Post("('Fees', 'USD', 5), ('Bank', 'USD', -5)", 3), PostgresErrorCodes.CheckViolation },
        { Post("('Fees', 'USD', 0), ('Bank', 'USD', 0)"), PostgresErrorCodes.CheckViolation },
        { Post("('CustomerCredit', 'USD', 11), ('Bank', 'USD', -11)"), PostgresErrorCodes.CheckViolation },
        { Post("('Prepaid', 'USD', 1), ('Bank', 'USD', -1)"), PostgresErrorCodes.CheckViolation },
        { Post("('RefundsPayable', 'USD', 1), ('Bank', 'USD', -1)"), PostgresErrorCodes.CheckViolation },
        { Post("('Fees', 'USD', 5), ('Bank', 'USD', -5)", effectiveOn: "2025-12-31"), PostgresErrorCodes.RestrictViolation },
        { Post("('Fees', 'USD', 5), ('Bank', 'USD', -5)", reverses: "{undone}"), PostgresErrorCodes.UniqueViolation },
        { Post("('Fees', 'USD', 5), ('Bank', 'USD', -5)", reverses: "{nothing}"), PostgresErrorCodes.ForeignKeyViolation },
        { Post("('Fees', 'USD', 5), ('Bank', 'USD', -5)", tenant: "other"), PostgresErrorCodes.InsufficientPrivilege },
        { $"{Insert} values ('$tenant', 'attack', '2026-06-15', now(), '', '{{}}', 1)", PostgresErrorCodes.CheckViolation },
        { $"{Insert} values ('$tenant', 'fee', '2026-06-15', now(), '', '{{}}', 1)", PostgresErrorCodes.UniqueViolation },
        { "insert into billing.ledger_entry select tenant_id, 9223372036854775807, n, account, amount from billing.ledger_entry where tenant_id = '$tenant' limit 1", PostgresErrorCodes.CheckViolation },
        { "insert into billing.ledger_entry select tenant_id, seq, n + 2, account, amount from billing.ledger_entry where tenant_id = '$tenant'", PostgresErrorCodes.CheckViolation },
        { "insert into billing.ledger_entry select tenant_id, seq, n + 2, 9223372036854775807, amount from billing.ledger_entry where tenant_id = '$tenant'", PostgresErrorCodes.CheckViolation },
    };

    [Theory]
    [MemberData(nameof(Attacks))]
    public async Task What_is_no_transaction_is_refused_whoever_writes_it(string sql, string state)
    {
        await FillAsync();
        Assert.Equal(state, await RefusalAsync(sql, asOwner: false));
        Assert.Equal(state, await RefusalAsync(sql, asOwner: true));
        Assert.Equal(0, await _books.DifferencesAsync());
    }

    [Theory]
    [InlineData("update billing.ledger_transaction set reason = 'x'")]
    [InlineData("update billing.ledger_entry set amount = amount * 2")]
    [InlineData("update billing.ledger_account set balance = balance - 1")]
    [InlineData("update billing.ledger_account set kind = 'Unbilled' where kind = 'Receivable'")]
    [InlineData("update billing.ledger_close set month = month - interval '1 year'")]
    [InlineData("update billing.ledger_snapshot set balance = 0")]
    [InlineData("update billing.ledger_reversal set reversed = 'x'")]
    [InlineData("update billing.deferred_line set amount = 1")]
    [InlineData("delete from billing.ledger_transaction")]
    [InlineData("delete from billing.ledger_entry")]
    [InlineData("delete from billing.ledger_account")]
    [InlineData("delete from billing.ledger_close")]
    [InlineData("delete from billing.ledger_reversal")]
    [InlineData("delete from billing.ledger_snapshot")]
    [InlineData("delete from billing.deferred_line")]
    [InlineData("truncate billing.ledger_entry")]
    [InlineData("truncate billing.ledger_transaction cascade")]
    [InlineData("truncate billing.ledger_account")]
    public async Task What_was_written_stays_for_the_application_and_for_the_owner(string sql)
    {
        await FillAsync();
        Assert.Equal(PostgresErrorCodes.InsufficientPrivilege, await RefusalAsync(sql, asOwner: false));
        Assert.Equal(PostgresErrorCodes.RestrictViolation, await RefusalAsync(sql, asOwner: true));
    }

    [Theory]
    [InlineData("update billing.ledger_account set currency = 'EUR'", PostgresErrorCodes.RestrictViolation)]
    [InlineData("insert into billing.ledger_reversal values ('$tenant', 'fee', 'x')", PostgresErrorCodes.InsufficientPrivilege)]
    [InlineData("insert into billing.ledger_snapshot values ('$tenant', 1, 1, 1)", PostgresErrorCodes.InsufficientPrivilege)]
    [InlineData("insert into billing.ledger_account (tenant_id, kind, customer, grant_id, currency, balance) values ('$tenant', 'CustomerCredit', 'rich', '', 'USD', -100)", PostgresErrorCodes.InsufficientPrivilege)]
    [InlineData("insert into billing.ledger_transaction (tenant_id, seq, key, effective_on, booked_at, reason, reverses, entries) overriding system value values ('$tenant', 1, 'x', now(), now(), '', '{}', 1)", PostgresErrorCodes.InsufficientPrivilege)]
    [InlineData("alter table billing.ledger_entry disable trigger all", PostgresErrorCodes.InsufficientPrivilege)]
    public async Task What_only_the_database_writes_the_application_cannot(string sql, string state)
    {
        await FillAsync();
        Assert.Equal(state, await RefusalAsync(sql, asOwner: false));
    }

    [Fact]
    public async Task A_tenant_sees_nothing_of_another_ledger()
    {
        await FillAsync();
        await new Books(engines.Postgres).InAsync(async transaction =>
        {
            foreach (string table in new[] { "ledger_account", "ledger_transaction", "ledger_entry", "ledger_reversal", "ledger_close", "ledger_snapshot", "ledger_balance", "deferred_line" })
            {
                Assert.Equal(0L, await Books.ScalarAsync(transaction, $"select count(*) from billing.{table}"));
            }

            return 0;
        });
    }

    /// <summary>A fee, one that was undone, customer credit of 10, and a closed year.</summary>
    private async Task FillAsync()
    {
        LedgerTransaction undone = Books.Move("undone", Books.Fees, Books.Bank, 7);
        await _books.PostAsync(
            PostMode.Atomic,
            Books.Move("fee", Books.Fees, Books.Bank, 5), undone, LedgerTransaction.Reversal("undo", undone.Booking, [undone], ""),
            Books.Move("credit", Books.Bank, Books.Credit("c"), 10), Books.Move("owed", Books.Receivable("c"), Books.Revenue, 10),
            Books.Move("bought", Books.Receivable("c"), Account.PrepaidOf("c", "g"), 10), Books.Move("used", Account.PrepaidOf("c", "g"), Books.Revenue, 10),
            Books.Move("promised", Books.Revenue, Account.OfTenant(AccountKind.RefundsPayable), 3), Books.Move("sent", Account.OfTenant(AccountKind.RefundsPayable), Books.Bank, 3),
            LedgerTransaction.Create("euro", undone.Booking, [new Entry(Books.Fees, Direction.Debit, new Billing.Money(5, Billing.Currency.Of("EUR"))), new Entry(Books.Bank, Direction.Credit, new Billing.Money(5, Billing.Currency.Of("EUR")))]));
        await _books.CloseAsync(new DateOnly(2025, 12, 1));
    }

    private async Task<string> RefusalAsync(string sql, bool asOwner)
    {
        await using NpgsqlConnection connection = await engines.Postgres.Source.OpenConnectionAsync(TestContext.Current.CancellationToken);
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(TestContext.Current.CancellationToken);
        await using NpgsqlCommand enter = new($"{(asOwner ? "" : "set local role metering_app;")} select set_config('metering.tenant', '{_books.Tenant}', true)", connection);
        await enter.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        await using NpgsqlCommand command = new(sql.Replace("$tenant", _books.Tenant, StringComparison.Ordinal), connection);
        return (await Assert.ThrowsAsync<PostgresException>(() => command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken))).SqlState;
    }
}
