using System.Text.Json;
using Metering.Billing;
using Metering.Billing.Postgres.Invoices;
using Metering.BillingCore.Tests.Testing;
using Xunit;
using static Metering.BillingCore.Tests.Invoices.Charges;

namespace Metering.BillingCore.Tests.Invoices;

/// <summary>What happens to an invoice, over HTTP, and what the ledger says after each step.</summary>
public sealed class InvoiceLifeTests(Engines engines)
{
    [Fact]
    public async Task An_invoice_is_paid_in_parts_and_what_is_too_much_is_credit()
    {
        await using BilledTenant acme = await BilledTenant.StartAsync(engines);
        InvoiceRow invoice = await acme.BillAsync(Calls(30), Advance("seats", "80"));
        Assert.Equal("open INV-000001 120.00 120.00", await acme.FieldsAsync(invoice.Id, "state", "number", "total", "remaining"));
        Assert.Equal("Deferred 80.00, Receivable 120.00, Revenue 20.00, TaxPayable 20.00", await acme.BalancesAsync("Deferred", "Receivable", "Revenue", "TaxPayable"));
        await acme.AssertBooksAsync();

        await acme.PayAsync(invoice.Id, "50", "wire-1");
        Assert.Equal("open 50.00 70.00", await acme.FieldsAsync(invoice.Id, "state", "paid", "remaining"));
        await acme.AssertBooksAsync();

        JsonElement second = (await acme.PayAsync(invoice.Id, "75.50", "wire-2")).Json;
        Assert.Equal(("70.00", "5.50"), (second.GetProperty("applied").GetString(), second.GetProperty("excess").GetString()));
        Assert.Equal("paid 120.00 0.00", await acme.FieldsAsync(invoice.Id, "state", "paid", "remaining"));
        Assert.Equal("Bank 125.50, CustomerCredit 5.50", await acme.BalancesAsync("Bank", "Receivable", "CustomerCredit"));
        await acme.AssertBooksAsync();

        InvoiceRow next = await acme.BillAsync(Fee("setup", "10"));
        Assert.Equal("open 12.00 5.50 6.50", await acme.FieldsAsync(next.Id, "state", "total", "by_credit", "remaining"));
        await acme.AssertBooksAsync();
    }

    [Fact]
    public async Task The_same_payment_again_pays_once()
    {
        await using BilledTenant acme = await BilledTenant.StartAsync(engines);
        InvoiceRow invoice = await acme.BillAsync(Fee("a", "10"));
        InvoiceRow other = await acme.BillAsync(Fee("a", "10"));
        string first = (await acme.PayAsync(invoice.Id, "12", "wire-1")).Json.GetProperty("id").GetString()!;
        Assert.Equal(first, (await acme.PayAsync(invoice.Id, "12", "wire-1")).Json.GetProperty("id").GetString());
        await acme.PayAsync(invoice.Id, "13", "wire-1", expected: 409);
        await acme.PayAsync(other.Id, "12", "wire-1", expected: 409);
        Assert.Equal("Bank 12.00, Receivable 12.00", await acme.BalancesAsync("Bank", "Receivable", "CustomerCredit"));
        await acme.AssertBooksAsync();
    }

    [Fact]
    public async Task Fifty_payments_at_once_pay_exactly_what_they_are()
    {
        await using BilledTenant acme = await BilledTenant.StartAsync(engines);
        InvoiceRow invoice = await acme.BillAsync(Fee("a", "100"));
        Answered[] answers = await Task.WhenAll(Enumerable.Range(0, 50).Select(i =>
            acme.Host.SendAsync("POST", $"/v1/invoices/{invoice.Id}/payments", $$"""{"reference":"p{{i}}","amount":"3.01"}""")));
        Assert.All(answers, answer => Assert.Equal(201, answer.Status));
        Assert.Equal("paid 120.00 0.00", await acme.FieldsAsync(invoice.Id, "state", "paid", "remaining"));
        Assert.Equal("Bank 150.50, CustomerCredit 30.50", await acme.BalancesAsync("Bank", "Receivable", "CustomerCredit"));
        Assert.Equal(120.00m, answers.Sum(answer => decimal.Parse(answer.Json.GetProperty("applied").GetString()!, null)));
        await acme.AssertBooksAsync();
    }

    [Fact]
    public async Task What_is_zero_or_below_is_paid_at_once_and_the_rest_is_credit()
    {
        await using BilledTenant acme = await BilledTenant.StartAsync(engines);
        InvoiceRow zero = await acme.BillAsync(Fee("a", "0"));
        InvoiceRow below = await acme.BillAsync(Fee("a", "10"), Fee("b", "-25"));
        Assert.Equal("paid 0.00 0.00", await acme.FieldsAsync(zero.Id, "state", "total", "remaining"));
        Assert.Equal("paid -18.00 18.00 0.00", await acme.FieldsAsync(below.Id, "state", "total", "carried", "remaining"));
        Assert.Equal("CustomerCredit 18.00", await acme.BalancesAsync("CustomerCredit", "Receivable"));
        await acme.AssertBooksAsync();
    }

    [Fact]
    public async Task A_void_invoice_takes_everything_back_and_its_subscription_is_billed_again()
    {
        await using BilledTenant acme = await BilledTenant.StartAsync(engines);
        await acme.PostAsync("/v1/grants", """{"customer":"acme","kind":"promotional","amount":"5","currency":"USD","reference":"welcome","valid_from":"2026-01-01T00:00:00Z"}""");
        await acme.BillAsync(Fee("b", "-10"));
        InvoiceRow invoice = await acme.BillAsync(Advance("seats", "90"), Calls(10));
        Assert.Equal("100.00 5.00 19.00 12.00 102.00", await acme.FieldsAsync(invoice.Id, "subtotal", "promotional", "tax", "by_credit", "remaining"));

        Answered closed = await acme.PostAsync($"/v1/invoices/{invoice.Id}/void", """{"reason":"wrong plan"}""", 200);
        Assert.Equal("void", closed.Json.GetProperty("state").GetString());
        Assert.Equal("void wrong plan 0.00", await acme.FieldsAsync(invoice.Id, "state", "closing_reason", "remaining"));
        Assert.Equal("CustomerCredit 12.00", await acme.BalancesAsync("CustomerCredit", "Receivable", "Deferred", "PromotionalCredits"));
        Assert.Equal("5.00", (await acme.Host.SendAsync("GET", "/v1/grants/balance?customer=acme")).Json.GetProperty("balances")[0].GetProperty("promotional").GetString());
        Assert.Equal("true", (await acme.ScalarAsync("select bill_at <= now() from billing.subscription where tenant_id = $1"))!.ToLowerInvariant());
        await acme.AssertBooksAsync();
    }

    [Fact]
    public async Task What_is_waived_is_not_billed_again()
    {
        await using BilledTenant acme = await BilledTenant.StartAsync(engines);
        InvoiceRow invoice = await acme.BillAsync(Fee("a", "10"));
        await acme.PostAsync($"/v1/invoices/{invoice.Id}/void", """{"reason":"goodwill","waive":true}""", 200);
        Assert.Equal("goodwill (waived)", await acme.FieldsAsync(invoice.Id, "closing_reason"));
        Assert.Equal("false", (await acme.ScalarAsync("select bill_at <= now() from billing.subscription where tenant_id = $1"))!.ToLowerInvariant());
    }

    [Fact]
    public async Task What_was_written_off_is_recovered_when_it_is_paid()
    {
        await using BilledTenant acme = await BilledTenant.StartAsync(engines);
        InvoiceRow invoice = await acme.BillAsync(Fee("a", "100"));
        await acme.PayAsync(invoice.Id, "20", "first");
        await acme.PostAsync($"/v1/invoices/{invoice.Id}/write-off", """{"reason":"insolvent"}""", 200);
        Assert.Equal("uncollectible 100.00", await acme.FieldsAsync(invoice.Id, "state", "remaining"));
        Assert.Equal("BadDebt 100.00", await acme.BalancesAsync("BadDebt", "Receivable"));
        await acme.AssertBooksAsync();

        await acme.PayAsync(invoice.Id, "40", "quota");
        Assert.Equal("uncollectible 60.00", await acme.FieldsAsync(invoice.Id, "state", "remaining"));
        Assert.Equal("BadDebt 60.00", await acme.BalancesAsync("BadDebt", "Receivable"));
        await acme.AssertBooksAsync();

        await acme.PayAsync(invoice.Id, "65", "surprise");
        Assert.Equal("paid 0.00", await acme.FieldsAsync(invoice.Id, "state", "remaining"));
        Assert.Equal("Bank 125.00, CustomerCredit 5.00", await acme.BalancesAsync("Bank", "BadDebt", "Receivable", "CustomerCredit"));
        await acme.AssertBooksAsync();
    }

    [Fact]
    public async Task A_credit_note_takes_off_what_was_written_off_before_it_gives_credit()
    {
        await using BilledTenant acme = await BilledTenant.StartAsync(engines);
        InvoiceRow invoice = await acme.BillAsync(Fee("a", "100"));
        await acme.PayAsync(invoice.Id, "20", "first");
        await acme.PostAsync($"/v1/invoices/{invoice.Id}/write-off", """{"reason":"insolvent"}""", 200);
        await acme.PostAsync($"/v1/invoices/{invoice.Id}/credit-notes", """{"reason":"r","lines":[{"line":1,"amount":"50"}]}""");
        Assert.Equal("uncollectible 40.00", await acme.FieldsAsync(invoice.Id, "state", "remaining")); // 120 − 20 − 60
        Assert.Equal("BadDebt 40.00", await acme.BalancesAsync("BadDebt", "Receivable", "CustomerCredit"));
        await acme.PostAsync($"/v1/invoices/{invoice.Id}/credit-notes", """{"reason":"r"}""");
        Assert.Equal("paid 0.00", await acme.FieldsAsync(invoice.Id, "state", "remaining"));
        Assert.Equal("CustomerCredit 20.00", await acme.BalancesAsync("BadDebt", "Receivable", "CustomerCredit"));
        await acme.AssertBooksAsync();
    }

    [Fact]
    public async Task What_was_accrued_moves_from_unbilled_when_it_is_billed()
    {
        await using BilledTenant acme = await BilledTenant.StartAsync(engines);
        await acme.BillAsync("acme", [Fee("late", "30")], new Dictionary<int, Money> { [0] = Money("30") });
        Assert.Equal("Receivable 36.00, Unbilled -30.00", await acme.BalancesAsync("Receivable", "Unbilled", "Revenue"));
        await acme.AssertBooksAsync();
    }

    [Fact]
    public async Task A_line_that_gives_advance_back_takes_it_out_of_deferred_first()
    {
        await using BilledTenant acme = await BilledTenant.StartAsync(engines);
        InvoiceRow first = await acme.BillAsync(Advance("seats", "90"));
        await acme.BillAsync(Advance("fewer", "-40", corrects: $"{first.Id}/1"), Advance("fewer-2", "-60", corrects: $"{first.Id}/1"), Fee("a", "100"));
        Assert.Equal("Revenue 90.00", await acme.BalancesAsync("Deferred", "Revenue"));
        await acme.AssertBooksAsync();
    }

    [Fact]
    public async Task Every_refusal_says_why()
    {
        await using BilledTenant acme = await BilledTenant.StartAsync(engines);
        string draft = await acme.OpenAsync();
        await RefusedAsync(acme, draft, "payments", """{"reference":"r","amount":"1"}""", "is a draft");
        await RefusedAsync(acme, draft, "void", """{"reason":"r"}""", "is a draft");
        await RefusedAsync(acme, draft, "write-off", """{"reason":"r"}""", "is a draft");
        await RefusedAsync(acme, draft, "credit-notes", """{"reason":"r"}""", "is a draft");

        InvoiceRow paid = await acme.BillAsync(Fee("a", "10"));
        await acme.PayAsync(paid.Id, "12", "w");
        await RefusedAsync(acme, paid.Id, "write-off", """{"reason":"r"}""", "is paid");
        await RefusedAsync(acme, paid.Id, "void", """{"reason":"r"}""", "has payments");

        InvoiceRow credited = await acme.BillAsync(Fee("a", "10"));
        await acme.PostAsync($"/v1/invoices/{credited.Id}/credit-notes", """{"reason":"r","lines":[{"line":1,"amount":"1"}]}""");
        await RefusedAsync(acme, credited.Id, "void", """{"reason":"r"}""", "has a credit note");

        InvoiceRow off = await acme.BillAsync(Fee("a", "10"));
        await acme.PostAsync($"/v1/invoices/{off.Id}/write-off", """{"reason":"r"}""", 200);
        await RefusedAsync(acme, off.Id, "write-off", """{"reason":"r"}""", "written off");
        await RefusedAsync(acme, off.Id, "void", """{"reason":"r"}""", "written off");

        InvoiceRow gone = await acme.BillAsync(Fee("a", "10"));
        await acme.PostAsync($"/v1/invoices/{gone.Id}/void", """{"reason":"r"}""", 200);
        await RefusedAsync(acme, gone.Id, "void", """{"reason":"r"}""", "is void");
        await RefusedAsync(acme, gone.Id, "payments", """{"reference":"x","amount":"1"}""", "is void");
        Assert.Equal(409, (await acme.Host.SendAsync("DELETE", $"/v1/invoices/{gone.Id}")).Status);

        Assert.Equal(404, (await acme.Host.SendAsync("POST", "/v1/invoices/inv_none/payments", """{"reference":"x","amount":"1"}""")).Status);
        Assert.Equal(412, (await acme.Host.SendAsync("POST", $"/v1/invoices/{paid.Id}/payments", """{"reference":"x","amount":"1"}""", ("If-Match", "\"1\""))).Status);
        Assert.Equal(204, (await acme.Host.SendAsync("DELETE", $"/v1/invoices/{draft}")).Status);
        Assert.Equal(404, (await acme.Host.SendAsync("GET", $"/v1/invoices/{draft}")).Status);
        await acme.AssertBooksAsync();
    }

    [Theory]
    [InlineData("payments", "{}", "reference: is required", "amount: is required")]
    [InlineData("payments", """{"reference":"r","amount":"0"}""", "amount: must be above zero")]
    [InlineData("payments", """{"reference":"r","amount":"1.001"}""", "amount: has more decimals than USD has (2)")]
    [InlineData("payments", """{"reference":"r","amount":"1","currency":"EUR"}""", "currency: the invoice is in USD")]
    [InlineData("payments", """{"reference":" ","amount":"99999999999999999999","method":"cash"}""", "reference: must be 1 to 200 characters without NUL", "amount: is too large", "method: must be one of bank, clearing")]
    [InlineData("credit-notes", """{"lines":[]}""", "lines: has none; leave it out to credit the whole invoice", "reason: is required")]
    [InlineData("credit-notes", """{"reason":"r","lines":[{"line":1},{"line":1,"amount":"x"}]}""", "lines: names a line twice", "lines[1].amount: must be a plain number with at most 12 decimals", "lines[1].amount: must be above zero")]
    [InlineData("void", """{"reasons":"r"}""", "reason: is required", "reasons: is not a field here")]
    [InlineData("write-off", """{"reason":"r","waive":true}""", "waive: is not a field here")]
    public async Task A_wrong_body_is_refused_with_the_paths_of_its_fields(string action, string body, params string[] errors)
    {
        await using BilledTenant acme = await BilledTenant.StartAsync(engines);
        InvoiceRow invoice = await acme.BillAsync(Fee("a", "10"));
        Answered answer = await acme.PostAsync($"/v1/invoices/{invoice.Id}/{action}", body, 422);
        Assert.Equal(errors.Order(), answer.Errors.Order());
    }

    [Fact]
    public async Task Invoices_are_listed_by_customer_subscription_and_state_page_by_page()
    {
        await using BilledTenant acme = await BilledTenant.StartAsync(engines);
        await acme.AddCustomerAsync("other");
        List<string> all = [];
        for (int i = 0; i < 5; i++)
        {
            all.Add((await acme.BillAsync(Fee("a", "10"))).Id);
        }

        InvoiceRow others = await acme.BillAsync("other", [Fee("a", "0")]);
        List<string> listed = [];
        string cursor = "";
        do
        {
            JsonElement page = (await acme.Host.SendAsync("GET", $"/v1/invoices?customer=acme&limit=2&cursor={cursor}")).Json;
            listed.AddRange(page.GetProperty("items").EnumerateArray().Select(one => one.GetProperty("id").GetString()!));
            cursor = page.GetProperty("next_cursor").GetString() ?? "";
        }
        while (cursor.Length > 0);

        Assert.Equal(all.Order(), listed.Order());
        Assert.Equal(others.Id, (await acme.Host.SendAsync("GET", "/v1/invoices?state=paid")).Json.GetProperty("items")[0].GetProperty("id").GetString());
        Assert.Equal(others.Id, (await acme.Host.SendAsync("GET", "/v1/invoices?subscription=sub_other")).Json.GetProperty("items")[0].GetProperty("id").GetString());
        Assert.Equal(400, (await acme.Host.SendAsync("GET", "/v1/invoices?state=lost")).Status);
        Assert.Equal(400, (await acme.Host.SendAsync("GET", "/v1/invoices?cursor=YQ")).Status);
    }

    private static async Task RefusedAsync(BilledTenant tenant, string invoice, string action, string body, string reason)
    {
        Answered answer = await tenant.PostAsync($"/v1/invoices/{invoice}/{action}", body, 409);
        Assert.Contains(reason, answer.Json.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }
}
