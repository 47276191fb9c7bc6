using System.Text.Json;
using Metering.Billing;
using Metering.Billing.Invoicing;
using Metering.Billing.Postgres.Customers;
using Metering.Billing.Postgres.Invoices;
using Metering.Billing.Postgres.Tenancy;
using Metering.Billing.Tax;
using Metering.BillingCore.Tests.Testing;
using Npgsql;
using Xunit;

namespace Metering.BillingCore.Tests.Invoices;

/// <summary>A tenant with customers and subscriptions, whose books are held to its invoices.</summary>
internal sealed class BilledTenant : IAsyncDisposable
{
    private readonly TenantDatabase _database;
    private int _drafts;

    private BilledTenant(BillingHost host, TenantDatabase database)
    {
        Host = host;
        _database = database;
    }

    public BillingHost Host { get; }

    public string Tenant => Host.Tenant;

    /// <summary>With customer <c>acme</c> and its subscription <c>sub_acme</c>.</summary>
    public static async Task<BilledTenant> StartAsync(Engines engines)
    {
        BilledTenant tenant = new(await BillingHost.StartAsync(engines), new TenantDatabase(engines.Postgres));
        await tenant.AddCustomerAsync("acme");
        return tenant;
    }

    public Task<TenantTransaction> BeginAsync() => _database.BeginAsync(Tenant, TestContext.Current.CancellationToken);

    public async Task InTransactionAsync(Func<TenantTransaction, Task> work)
    {
        await using TenantTransaction transaction = await BeginAsync();
        await work(transaction);
        await transaction.CommitAsync(TestContext.Current.CancellationToken);
    }

    public async Task AddCustomerAsync(string key, bool appliesCredit = true, string name = "Acme Inc.") => await InTransactionAsync(async transaction =>
    {
        Customer customer = new(key, name, null, "Europe/Berlin", 14, TaxStatus.Taxable, appliesCredit, "{}", 0, default, default, 3, null);
        await CustomerStore.PutAsync(transaction, customer, DateTimeOffset.UtcNow, TestContext.Current.CancellationToken);
        await ExecuteAsync(transaction, "insert into billing.price_book (tenant_id, key, name, created_at) values ($1, 'standard', 'standard', now()) on conflict do nothing");
        await ExecuteAsync(
            transaction,
            "insert into billing.price_book_version (tenant_id, book, version, effective_from, body, content_hash, created_at, updated_at) values ($1, 'standard', 1, now(), '{}', '', now(), now()) on conflict do nothing");
        await ExecuteAsync(
            transaction,
            """
            insert into billing.subscription (tenant_id, id, customer, currency, zone, anchor, draft, state, price_book, book_version, plan, phase, start_at, bill_at, metadata, created_at, updated_at)
            values ($1, 'sub_' || $2, $2, 'USD', 'UTC', 'anniversary', '{}', 'active', 'standard', 1, 'pro', 'standard', '2026-01-01Z', '2099-01-01Z', '{}', now(), now())
            """,
            key);
    });

    public async Task<string> OpenAsync(string customer = "acme", string? kind = null)
    {
        string id = "";
        await InTransactionAsync(async transaction => id = (await OpenAsync(transaction, customer, kind))[0]);
        return id;
    }

    public Task<IReadOnlyList<string>> OpenAsync(TenantTransaction transaction, string customer, string? kind = null) => InvoiceDrafts.OpenAsync(
        transaction, [(new DraftKey($"sub_{customer}", Charges.January.AddMonths(1), kind ?? $"period-{Interlocked.Increment(ref _drafts)}", 1), customer, Charges.Usd)], DateTimeOffset.UtcNow,
        TestContext.Current.CancellationToken);

    /// <summary>An invoice of <c>acme</c>.</summary>
    public Task<InvoiceRow> BillAsync(params Charge[] charges) => BillAsync("acme", charges);

    public async Task<InvoiceRow> BillAsync(string customer, Charge[] charges, IReadOnlyDictionary<int, Money>? accrued = null)
    {
        InvoiceRow? made = null;
        await InTransactionAsync(async transaction =>
        {
            string id = (await OpenAsync(transaction, customer))[0];
            made = (await FinalizeAsync(transaction, id, Charges.Inputs($"sub_{customer}", charges), accrued)).Invoice;
        });
        return made!;
    }

    public static async Task<FinalizedRow> FinalizeAsync(TenantTransaction transaction, string id, InvoiceInputs inputs, IReadOnlyDictionary<int, Money>? accrued = null) =>
        (await Finalization.FinalizeAsync(
            transaction, [new InvoiceToFinalize(id, inputs, Incomplete: false, Reason: null, accrued ?? new Dictionary<int, Money>())], DateTimeOffset.UtcNow, TestContext.Current.CancellationToken))[0];

    public async Task<Answered> PostAsync(string path, string body, int expected = 201)
    {
        Answered answer = await Host.SendAsync("POST", path, body);
        Assert.True(answer.Status == expected, $"{path}: {answer.Status} {answer.Text}");
        return answer;
    }

    public async Task<JsonElement> InvoiceAsync(string id) => (await Host.SendAsync("GET", $"/v1/invoices/{id}")).Json;

    public Task<Answered> PayAsync(string invoice, string amount, string reference, int expected = 201) =>
        PostAsync($"/v1/invoices/{invoice}/payments", $$"""{"reference":"{{reference}}","amount":"{{amount}}"}""", expected);

    /// <summary>Fields of an invoice, as text.</summary>
    public async Task<string> FieldsAsync(string id, params string[] names)
    {
        JsonElement invoice = await InvoiceAsync(id);
        return string.Join(" ", names.Select(name => invoice.GetProperty(name).GetString()));
    }

    /// <summary>Balances on the normal side of the accounts, those that are not zero.</summary>
    public async Task<string> BalancesAsync(params string[] kinds)
    {
        await using TenantTransaction transaction = await BeginAsync();
        return await ScalarAsync(
            transaction,
            """
            select coalesce(string_agg(kind || ' ' || (amount / 100.0)::numeric(20, 2), ', ' order by kind), '') from (
              select kind, sum(case when kind in ('Receivable', 'Unbilled', 'PromotionalCredits', 'Clearing', 'Bank', 'BadDebt') then balance else -balance end) as amount
              from billing.ledger_balance where tenant_id = $1 and kind = any($2) group by kind) as totals where amount <> 0
            """,
            [kinds]) ?? "";
    }

    /// <summary>
    /// The books say what the documents say: they sum to zero, customers owe what remains of open invoices, prepaid is what is left of paid grants, and what is
    /// deferred is what is still to be recognised. What remains of a grant is its amount less its uses.
    /// </summary>
    public async Task AssertBooksAsync()
    {
        await using TenantTransaction transaction = await BeginAsync();
        Assert.Null(await ScalarAsync(transaction, "select string_agg(currency || ' ' || total, ', ') from (select currency, sum(balance) as total from billing.ledger_balance where tenant_id = $1 group by currency) as sums where total <> 0"));
        Assert.Null(await ScalarAsync(
            transaction,
            """
            select string_agg(customer || ': owes ' || owed || ', asked for ' || asked, '; ') from (
              select key as customer, coalesce((select sum(balance) from billing.ledger_balance where tenant_id = $1 and customer = key and kind = 'Receivable'), 0) as owed,
                coalesce((select sum(remaining) from billing.invoice where tenant_id = $1 and customer = key and state = 'open'), 0) as asked
              from billing.customer where tenant_id = $1) as both_sides where owed <> asked
            """));
        Assert.Null(await ScalarAsync(
            transaction,
            """
            select string_agg(id || ': ' || remaining || ' left, ' || coalesce(prepaid, 0) || ' prepaid', '; ') from (
              select id, remaining, (select -balance from billing.ledger_balance where tenant_id = $1 and kind = 'Prepaid' and grant_id = sold.id) as prepaid
              from billing.credit_grant sold where tenant_id = $1 and kind = 'paid' and state <> 'void') as both_sides where remaining <> coalesce(prepaid, 0)
            """));
        Assert.Null(await ScalarAsync(
            transaction,
            """
            select string_agg(id, '; ') from billing.credit_grant held
            where tenant_id = $1 and remaining <> amount - coalesce((select sum(amount) from billing.grant_use where tenant_id = $1 and grant_id = held.id), 0)
            """));
        Assert.Null(await ScalarAsync(
            transaction,
            """
            select 'deferred ' || deferred || ', still to recognise ' || still from (
              select coalesce((select sum(-balance) from billing.ledger_balance where tenant_id = $1 and kind = 'Deferred'), 0) as deferred,
                coalesce((select sum(amount - recognized) from billing.deferred_line where tenant_id = $1 and canceled_at is null), 0) as still) as both_sides
            where deferred <> still
            """));
    }

    public async Task<string?> ScalarAsync(string sql, params object[] values)
    {
        await using TenantTransaction transaction = await BeginAsync();
        return await ScalarAsync(transaction, sql, values);
    }

    /// <param name="sql">The tenant is its first parameter.</param>
    public async Task<string?> ScalarAsync(TenantTransaction transaction, string sql, params object[] values)
    {
        await using NpgsqlCommand command = transaction.Command(sql, [Tenant, .. values]);
        return (await command.ExecuteScalarAsync(TestContext.Current.CancellationToken)) is { } value and not DBNull ? value.ToString() : null;
    }

    public async Task ExecuteAsync(TenantTransaction transaction, string sql, params object[] values)
    {
        await using NpgsqlCommand command = transaction.Command(sql, [Tenant, .. values]);
        await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
    }

    public ValueTask DisposeAsync() => Host.DisposeAsync();
}
