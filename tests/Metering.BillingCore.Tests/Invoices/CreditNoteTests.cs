using System.Text.Json;
using Metering.Billing.Ledger;
using Metering.Billing.Postgres.Invoices;
using Metering.Billing.Postgres.Ledger;
using Metering.Billing.Proration;
using Metering.Billing.Tax;
using Metering.Billing.Zones;
using Metering.BillingCore.Tests.Testing;
using Xunit;
using static Metering.BillingCore.Tests.Invoices.Charges;

namespace Metering.BillingCore.Tests.Invoices;

/// <summary>What is taken back of an invoice, and what the ledger says then.</summary>
public sealed class CreditNoteTests(Engines engines)
{
    [Fact]
    public async Task A_credit_note_reduces_what_is_open_then_gives_back_what_was_paid()
    {
        await using BilledTenant acme = await BilledTenant.StartAsync(engines);
        InvoiceRow invoice = await acme.BillAsync(Fee("a", "100"), Fee("b", "50"));
        await acme.PayAsync(invoice.Id, "150", "wire");
        JsonElement note = (await CreditAsync(acme, invoice.Id, """{"reason":"outage","lines":[{"line":1,"amount":"40"}]}""")).Json;
        Assert.Equal("CN-000001 40.00 8.00 48.00 30.00 18.00", Fields(note, "number", "amount", "tax", "total", "reduced", "to_credit"));
        Assert.Equal("paid 0.00 30.00", await acme.FieldsAsync(invoice.Id, "state", "remaining", "credited"));
        Assert.Equal("CustomerCredit 18.00", await acme.BalancesAsync("CustomerCredit", "Receivable"));
        await acme.AssertBooksAsync();

        JsonElement rest = (await CreditAsync(acme, invoice.Id, """{"reason":"all of it","refund":true}""")).Json;
        Assert.Equal("110.00 22.00 132.00 0.00 132.00", Fields(rest, "amount", "tax", "total", "reduced", "to_refund"));
        Assert.Equal("Bank 150.00, CustomerCredit 18.00", await acme.BalancesAsync("CustomerCredit", "Receivable", "Revenue", "TaxPayable", "Bank"));
        Assert.Contains("nothing left", (await CreditAsync(acme, invoice.Id, """{"reason":"more"}""", 409)).Text, StringComparison.Ordinal);
        await acme.AssertBooksAsync();
    }

    [Fact]
    public async Task The_same_reference_again_is_the_same_note()
    {
        await using BilledTenant acme = await BilledTenant.StartAsync(engines);
        InvoiceRow invoice = await acme.BillAsync(Fee("a", "100"));
        string body = """{"reference":"ticket-7","reason":"outage","lines":[{"line":1,"amount":"10"}]}""";
        string first = Fields((await CreditAsync(acme, invoice.Id, body)).Json, "id", "number", "total");
        Assert.Equal(first, Fields((await CreditAsync(acme, invoice.Id, body)).Json, "id", "number", "total"));
        Assert.Equal("108.00", await acme.FieldsAsync(invoice.Id, "remaining"));
        await CreditAsync(acme, invoice.Id, """{"reason":"outage","lines":[{"line":1,"amount":"10"}]}""");
        await CreditAsync(acme, invoice.Id, """{"reason":"outage","lines":[{"line":1,"amount":"10"}]}""");
        Assert.Equal("84.00", await acme.FieldsAsync(invoice.Id, "remaining"));
        await acme.AssertBooksAsync();
    }

    [Fact]
    public async Task No_more_is_credited_than_was_billed()
    {
        await using BilledTenant acme = await BilledTenant.StartAsync(engines);
        InvoiceRow invoice = await acme.BillAsync(Fee("a", "100"), Fee("b", "-60"));
        Assert.Contains("less left", (await CreditAsync(acme, invoice.Id, """{"reason":"r","lines":[{"line":1,"amount":"100.01"}]}""", 409)).Text, StringComparison.Ordinal);
        Assert.Contains("less left", (await CreditAsync(acme, invoice.Id, """{"reason":"r","lines":[{"line":1,"amount":"41"}]}""", 409)).Text, StringComparison.Ordinal);
        Assert.Contains("nothing left", (await CreditAsync(acme, invoice.Id, """{"reason":"r","lines":[{"line":2}]}""", 409)).Text, StringComparison.Ordinal);
        await CreditAsync(acme, invoice.Id, """{"reason":"r","lines":[{"line":3,"amount":"1"}]}""", 404);
        JsonElement all = (await CreditAsync(acme, invoice.Id, """{"reason":"r"}""")).Json;
        Assert.Equal("40.00 48.00", Fields(all, "amount", "total"));
        Assert.Equal("paid", await acme.FieldsAsync(invoice.Id, "state"));
        Assert.Equal("", await acme.BalancesAsync("Receivable", "Revenue", "TaxPayable"));
        await acme.AssertBooksAsync();
    }

    [Fact]
    public async Task A_voided_note_asks_for_its_money_again_unless_it_is_spent()
    {
        await using BilledTenant acme = await BilledTenant.StartAsync(engines);
        InvoiceRow invoice = await acme.BillAsync(Fee("a", "100"));
        await acme.PayAsync(invoice.Id, "110", "wire");
        string note = (await CreditAsync(acme, invoice.Id, """{"reason":"r","lines":[{"line":1,"amount":"50"}]}""")).Json.GetProperty("id").GetString()!;
        Assert.Equal("CustomerCredit 50.00", await acme.BalancesAsync("CustomerCredit", "Receivable"));

        await acme.PostAsync($"/v1/credit-notes/{note}/void", """{"reason":"mistake"}""", 200);
        Assert.Equal("open 10.00 0.00", await acme.FieldsAsync(invoice.Id, "state", "remaining", "credited"));
        Assert.Equal("Receivable 10.00", await acme.BalancesAsync("CustomerCredit", "Receivable"));
        await acme.AssertBooksAsync();
        Assert.Contains("is void", (await acme.PostAsync($"/v1/credit-notes/{note}/void", """{"reason":"again"}""", 409)).Text, StringComparison.Ordinal);

        string second = (await CreditAsync(acme, invoice.Id, """{"reason":"r","lines":[{"line":1,"amount":"50"}]}""")).Json.GetProperty("id").GetString()!;
        await acme.BillAsync(Fee("b", "10"));
        string before = await acme.BalancesAsync("CustomerCredit", "Receivable", "Revenue", "TaxPayable");
        Assert.Contains("is spent", (await acme.PostAsync($"/v1/credit-notes/{second}/void", """{"reason":"mistake"}""", 409)).Text, StringComparison.Ordinal);
        Assert.Equal(before, await acme.BalancesAsync("CustomerCredit", "Receivable", "Revenue", "TaxPayable"));
        await acme.PostAsync("/v1/credit-notes/cn_none/void", """{"reason":"r"}""", 404);
        await acme.AssertBooksAsync();
    }

    [Fact]
    public async Task Grants_get_back_what_they_paid()
    {
        await using BilledTenant acme = await BilledTenant.StartAsync(engines);
        await acme.PostAsync("/v1/grants", """{"customer":"acme","kind":"promotional","amount":"50","currency":"USD","reference":"gift","valid_from":"2026-01-01T00:00:00Z"}""");
        JsonElement bought = (await acme.PostAsync("/v1/grants", """{"customer":"acme","kind":"paid","amount":"30","currency":"USD","reference":"pack","valid_from":"2026-01-01T00:00:00Z"}""")).Json;
        await acme.PayAsync(bought.GetProperty("invoice").GetString()!, "30", "for-pack");
        InvoiceRow invoice = await acme.BillAsync(Fee("a", "100"));
        Assert.Equal("50.00 60.00 30.00 30.00", await acme.FieldsAsync(invoice.Id, "promotional", "total", "by_grants", "remaining"));

        JsonElement note = (await CreditAsync(acme, invoice.Id, """{"reason":"r","lines":[{"line":1,"amount":"80"}]}""")).Json;
        Assert.Equal("40.00 8.00 48.00 30.00 18.00 0.00", Fields(note, "promotional", "tax", "total", "reduced", "to_grants", "to_credit"));
        JsonElement balance = (await acme.Host.SendAsync("GET", "/v1/grants/balance?customer=acme")).Json.GetProperty("balances")[0];
        Assert.Equal("40.00 18.00 0.00", Fields(balance, "promotional", "paid", "customer_credit"));
        Assert.Equal("PromotionalCredits 10.00, Revenue 20.00", await acme.BalancesAsync("PromotionalCredits", "Revenue", "Receivable"));
        await acme.AssertBooksAsync();

        await acme.PostAsync($"/v1/credit-notes/{note.GetProperty("id").GetString()}/void", """{"reason":"mistake"}""", 200);
        Assert.Equal("PromotionalCredits 50.00, Receivable 30.00, Revenue 100.00", await acme.BalancesAsync("PromotionalCredits", "Revenue", "Receivable"));
        await acme.AssertBooksAsync();
    }

    [Fact]
    public async Task A_purchase_of_credit_is_refunded_not_credited()
    {
        await using BilledTenant acme = await BilledTenant.StartAsync(engines);
        JsonElement bought = (await acme.PostAsync("/v1/grants", """{"customer":"acme","kind":"paid","amount":"30","currency":"USD","reference":"pack"}""")).Json;
        Assert.Contains("sells credit", (await CreditAsync(acme, bought.GetProperty("invoice").GetString()!, """{"reason":"r"}""", 409)).Text, StringComparison.Ordinal);
    }

    /// <summary>90.00 for three months: what is credited is no revenue, whatever was recognised before or after.</summary>
    [Fact]
    public async Task What_is_credited_of_advance_time_is_not_recognised_any_more()
    {
        await using BilledTenant acme = await BilledTenant.StartAsync(engines);
        InvoiceRow invoice = await acme.BillAsync(Advance("seats", "90"));
        string note = (await CreditAsync(acme, invoice.Id, """{"reason":"r","lines":[{"line":1,"amount":"30"}]}""")).Json.GetProperty("id").GetString()!;
        Assert.Equal("Deferred 60.00", await acme.BalancesAsync("Deferred", "Revenue"));
        await acme.AssertBooksAsync();

        DateTimeOffset later = January.AddYears(60).AddMonths(4);
        await acme.InTransactionAsync(transaction => RevenueRecognition.RunAsync(transaction, TzdbZones.Instance, until: null, later, TestContext.Current.CancellationToken));
        Assert.Equal("Revenue 60.00", await acme.BalancesAsync("Deferred", "Revenue"));
        await acme.AssertBooksAsync();

        await acme.PostAsync($"/v1/credit-notes/{note}/void", """{"reason":"mistake"}""", 200);
        Assert.Equal("Revenue 90.00", await acme.BalancesAsync("Deferred", "Revenue"));
        await acme.AssertBooksAsync();

        InvoiceRow other = await acme.BillAsync(Advance("seats", "90"));
        await acme.InTransactionAsync(transaction => RevenueRecognition.RunAsync(transaction, TzdbZones.Instance, until: null, later, TestContext.Current.CancellationToken));
        await acme.PostAsync($"/v1/invoices/{other.Id}/void", """{"reason":"mistake"}""", 200);
        Assert.Equal("Revenue 90.00", await acme.BalancesAsync("Deferred", "Revenue"));
        await acme.AssertBooksAsync();
    }

    /// <summary>What is prorated by the second is earned by it, also what is given back of it.</summary>
    [Fact]
    public async Task Advance_time_is_recognised_by_the_unit_of_its_component()
    {
        await using BilledTenant acme = await BilledTenant.StartAsync(engines);
        InvoiceRow invoice = await acme.BillAsync(Advance("seats", "90"), Advance("racks", "90") with { Unit = ProrationUnit.Second });
        await CreditAsync(acme, invoice.Id, """{"reason":"r","lines":[{"line":2,"amount":"30"}]}""");
        await acme.InTransactionAsync(async transaction =>
        {
            await using Npgsql.NpgsqlCommand command = transaction.Command("select string_agg(unit, ' ' order by amount desc, line) from billing.deferred_line where tenant_id = $1", acme.Tenant);
            Assert.Equal(["Day", "Second", "Second"], ((string)(await command.ExecuteScalarAsync(TestContext.Current.CancellationToken))!).Split(' ').Order());
        });
    }

    /// <summary>A correction's note: one line costs less, another that the invoice has not costs more.</summary>
    [Fact]
    public async Task A_correction_credits_the_net_of_its_differences()
    {
        await using BilledTenant acme = await BilledTenant.StartAsync(engines);
        InvoiceRow invoice = await acme.BillAsync(Fee("a", "100"));
        TaxRate vat = new("vat", 20, IsInclusive: false);
        NoteToIssue note = new(
            invoice.Id, "correction:1", "late usage",
            [
                new DifferencePart(InJanuary, "a", "a", Billing.Invoicing.LineRecognition.Arrears, Money("50"), Money("0"), Money("10"), vat),
                new DifferencePart(InJanuary, "b", "b", Billing.Invoicing.LineRecognition.Arrears, Money("-20"), Money("0"), Money("-4"), vat),
            ],
            Refunds: false);
        for (int time = 0; time < 2; time++)
        {
            await acme.InTransactionAsync(async transaction =>
            {
                Change<CreditNoteRow> change = (await CreditNotes.IssueAsync(transaction, "corrections", [note], DateTimeOffset.UtcNow, TestContext.Current.CancellationToken))[0];
                Assert.Equal(("36.00", "36.00"), (change.Made!.Total.ToString(), change.Made.Reduced.ToString()));
            });
        }

        Assert.Equal("Receivable 84.00, Revenue 70.00, TaxPayable 14.00", await acme.BalancesAsync("Receivable", "Revenue", "TaxPayable"));
        Assert.Equal("1:a:50.00:1 2:b:-20.00:", await acme.ScalarAsync(
            "select string_agg(n || ':' || key || ':' || (amount / 100.0)::numeric(9, 2) || ':' || coalesce(line::text, ''), ' ' order by n) from billing.credit_note_line where tenant_id = $1"));
        await acme.AssertBooksAsync();
    }

    private static Task<Answered> CreditAsync(BilledTenant tenant, string invoice, string body, int expected = 201) => tenant.PostAsync($"/v1/invoices/{invoice}/credit-notes", body, expected);

    private static string Fields(JsonElement json, params string[] names) => string.Join(" ", names.Select(name => json.GetProperty(name).GetString()));
}
