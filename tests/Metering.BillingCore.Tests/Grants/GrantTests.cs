using System.Text.Json;
using Metering.Billing.Postgres.Grants;
using Metering.Billing.Postgres.Invoices;
using Metering.BillingCore.Tests.Invoices;
using Metering.BillingCore.Tests.Testing;
using Xunit;
using static Metering.BillingCore.Tests.Invoices.Charges;

namespace Metering.BillingCore.Tests.Grants;

public sealed class GrantTests(Engines engines)
{
    [Fact]
    public async Task A_bought_grant_is_usable_once_its_invoice_is_paid()
    {
        await using BilledTenant acme = await BilledTenant.StartAsync(engines);
        JsonElement grant = await PaidAsync(acme, "pack", "50");
        string purchase = grant.GetProperty("invoice").GetString()!;
        Assert.Equal("pending", grant.GetProperty("state").GetString());
        Assert.Equal("open 50.00 0.00", await acme.FieldsAsync(purchase, "state", "total", "tax"));
        Assert.Equal("0.00 50.00", await BalanceAsync(acme, "paid", "pending"));
        InvoiceRow before = await acme.BillAsync(Fee("a", "10"));
        Assert.Equal("12.00", await acme.FieldsAsync(before.Id, "remaining"));
        await acme.AssertBooksAsync();

        await acme.PayAsync(purchase, "50", "wire");
        Assert.Equal("50.00 0.00", await BalanceAsync(acme, "paid", "pending"));
        InvoiceRow after = await acme.BillAsync(Fee("a", "10"));
        Assert.Equal("paid 12.00 0.00", await acme.FieldsAsync(after.Id, "state", "by_grants", "remaining"));
        Assert.Equal("38.00", await BalanceAsync(acme, "paid"));
        await acme.AssertBooksAsync();
    }

    [Fact]
    public async Task Customer_credit_can_buy_a_grant_at_once()
    {
        await using BilledTenant acme = await BilledTenant.StartAsync(engines);
        await acme.BillAsync(Fee("a", "-50"));
        Assert.Equal("usable", (await PaidAsync(acme, "pack", "50")).GetProperty("state").GetString());
        Assert.Equal("50.00 10.00", await BalanceAsync(acme, "paid", "customer_credit"));
        await acme.AssertBooksAsync();
    }

    [Fact]
    public async Task A_purchase_that_is_voided_sells_nothing()
    {
        await using BilledTenant acme = await BilledTenant.StartAsync(engines);
        JsonElement grant = await PaidAsync(acme, "pack", "50");
        await acme.PostAsync($"/v1/invoices/{grant.GetProperty("invoice").GetString()}/void", """{"reason":"r"}""", 200);
        Assert.Equal("void", (await acme.Host.SendAsync("GET", $"/v1/grants/{grant.GetProperty("id").GetString()}")).Json.GetProperty("state").GetString());
        Assert.Equal("", await acme.BalancesAsync("Prepaid", "Receivable"));
        await acme.AssertBooksAsync();
    }

    [Fact]
    public async Task The_same_reference_again_is_the_same_grant()
    {
        await using BilledTenant acme = await BilledTenant.StartAsync(engines);
        string first = (await PaidAsync(acme, "pack", "50")).GetRawText();
        Assert.Equal(first, (await PaidAsync(acme, "pack", "50")).GetRawText());
        await acme.PostAsync("/v1/grants", Body("paid", "pack", "51"), 409);
        Assert.Equal("1", await acme.ScalarAsync("select count(*) from billing.invoice where tenant_id = $1"));
    }

    [Fact]
    public async Task What_is_unused_is_refunded_in_parts()
    {
        await using BilledTenant acme = await BilledTenant.StartAsync(engines);
        JsonElement grant = await PaidAsync(acme, "pack", "50");
        string refunds = $"/v1/grants/{grant.GetProperty("id").GetString()}/refunds";
        Assert.Contains("is not paid", (await acme.PostAsync(refunds, "{}", 409)).Text, StringComparison.Ordinal);
        await acme.PayAsync(grant.GetProperty("invoice").GetString()!, "50", "wire");
        Assert.Contains("Less than that", (await acme.PostAsync(refunds, """{"amount":"50.01"}""", 409)).Text, StringComparison.Ordinal);
        Assert.Equal("30.00", (await acme.PostAsync(refunds, """{"amount":"20"}""", 200)).Json.GetProperty("remaining").GetString());
        Assert.Equal("0.00", (await acme.PostAsync(refunds, "{}", 200)).Json.GetProperty("remaining").GetString());
        Assert.Contains("Nothing is left", (await acme.PostAsync(refunds, "{}", 409)).Text, StringComparison.Ordinal);
        Assert.Equal("RefundsPayable 50.00", await acme.BalancesAsync("RefundsPayable", "Prepaid"));
        await acme.AssertBooksAsync();

        string gift = (await acme.PostAsync("/v1/grants", Body("promotional", "gift", "5"))).Json.GetProperty("id").GetString()!;
        Assert.Contains("given away", (await acme.PostAsync($"/v1/grants/{gift}/refunds", "{}", 409)).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_left_expires_once_nothing_can_use_it_any_more()
    {
        await using BilledTenant acme = await BilledTenant.StartAsync(engines);
        DateTimeOffset expiry = January.AddDays(14);
        await MakeAsync(acme, Billing.Credits.GrantKind.Promotional, "gift", "5", expiry);
        GrantRow pack = await MakeAsync(acme, Billing.Credits.GrantKind.Paid, "pack", "50", expiry);
        await acme.PayAsync(pack.Invoice!, "50", "wire");
        Assert.Equal(0, await ExpireAsync(acme)); // January is not billed yet
        string draft = await acme.OpenAsync();
        await acme.BillAsync(Fee("a", "10"));
        Assert.Equal(0, await ExpireAsync(acme)); // a draft is left
        await acme.Host.SendAsync("DELETE", $"/v1/invoices/{draft}");
        Assert.Equal(2, await ExpireAsync(acme));
        Assert.Equal(0, await ExpireAsync(acme));
        Assert.Equal("Breakage 44.00", await acme.BalancesAsync("Breakage", "Prepaid"));
        Assert.Equal("expired expired", await acme.ScalarAsync("select string_agg(state, ' ') from billing.credit_grant where tenant_id = $1"));
        await acme.AssertBooksAsync();
    }

    [Fact]
    public async Task What_would_return_to_an_expired_grant_is_customer_credit()
    {
        await using BilledTenant acme = await BilledTenant.StartAsync(engines);
        GrantRow pack = await MakeAsync(acme, Billing.Credits.GrantKind.Paid, "pack", "50", January.AddDays(14));
        await acme.PayAsync(pack.Invoice!, "50", "wire");
        InvoiceRow credited = await acme.BillAsync(Fee("a", "10"));
        InvoiceRow voided = await acme.BillAsync(Fee("b", "10"));
        await ExpireAsync(acme);
        await acme.PostAsync($"/v1/invoices/{credited.Id}/credit-notes", """{"reason":"r"}""");
        await acme.PostAsync($"/v1/invoices/{voided.Id}/void", """{"reason":"r"}""", 200);
        Assert.Equal("Breakage 26.00, CustomerCredit 24.00", await acme.BalancesAsync("Breakage", "CustomerCredit", "Prepaid", "Receivable"));
        await acme.AssertBooksAsync();
    }

    [Fact]
    public async Task A_purchase_that_credit_has_paid_sells_nothing_either_when_it_is_voided()
    {
        await using BilledTenant acme = await BilledTenant.StartAsync(engines);
        await acme.BillAsync(Fee("a", "-50"));
        JsonElement grant = await PaidAsync(acme, "pack", "50");
        await acme.PostAsync($"/v1/invoices/{grant.GetProperty("invoice").GetString()}/void", """{"reason":"r"}""", 200);
        Assert.Equal("void", (await acme.Host.SendAsync("GET", $"/v1/grants/{grant.GetProperty("id").GetString()}")).Json.GetProperty("state").GetString());
        Assert.Equal("CustomerCredit 60.00", await acme.BalancesAsync("CustomerCredit", "Prepaid"));
        InvoiceRow invoice = await acme.BillAsync(Fee("b", "10"));
        Assert.Equal("paid 0.00 12.00", await acme.FieldsAsync(invoice.Id, "state", "by_grants", "by_credit"));
        await acme.AssertBooksAsync();
    }

    /// <summary>Of two that paid half of an invoice each, the one that was used last has expired: the first half that is given back is its, the other one is not.</summary>
    [Theory]
    [InlineData("promotional", "")]
    [InlineData("paid", "CustomerCredit 10.00")]
    public async Task What_an_expired_grant_does_not_get_back_is_given_back_once(string kind, string credit)
    {
        await using BilledTenant acme = await BilledTenant.StartAsync(engines);
        foreach ((string reference, string more) in new[] { ("first", ""), ("last", ""","priority":5,"expires_at":"2026-01-15T00:00:00Z" """) })
        {
            JsonElement made = (await acme.PostAsync("/v1/grants", Body(kind, reference, "10").Replace("}", more + "}", StringComparison.Ordinal))).Json;
            if (kind == "paid")
            {
                await acme.PayAsync(made.GetProperty("invoice").GetString()!, "10", reference);
            }
        }

        InvoiceRow invoice = await acme.BillAsync(Fee("a", "20") with { TaxCategory = "untaxed" });
        Assert.Equal(2, await ExpireAsync(acme) + 1);
        await acme.PostAsync($"/v1/invoices/{invoice.Id}/credit-notes", """{"reason":"r","lines":[{"line":1,"amount":"10"}]}""");
        Assert.Equal("first 0, last 0", await LeftAsync(acme));
        string second = (await acme.PostAsync($"/v1/invoices/{invoice.Id}/credit-notes", """{"reason":"r","reference":"again","lines":[{"line":1,"amount":"10"}]}""")).Json.GetProperty("id").GetString()!;
        Assert.Equal("first 1000, last 0", await LeftAsync(acme));
        Assert.Equal(credit, await acme.BalancesAsync("CustomerCredit"));
        await acme.AssertBooksAsync();
        await acme.PostAsync($"/v1/credit-notes/{second}/void", """{"reason":"r"}""", 200);
        Assert.Equal("first 0, last 0", await LeftAsync(acme));
        string first = (string)(await acme.ScalarAsync("select id from billing.credit_note where tenant_id = $1 and state = 'issued'"))!;
        await acme.PostAsync($"/v1/credit-notes/{first}/void", """{"reason":"r"}""", 200);
        Assert.Equal("first 0, last 0", await LeftAsync(acme));
        Assert.Equal("", await acme.BalancesAsync("CustomerCredit", "Receivable"));
        await acme.AssertBooksAsync();
    }

    private static async Task<string> LeftAsync(BilledTenant tenant) => (string)(await tenant.ScalarAsync("select string_agg(reference || ' ' || remaining, ', ' order by reference) from billing.credit_grant where tenant_id = $1"))!;

    [Fact]
    public async Task A_grant_of_some_components_pays_only_for_them()
    {
        await using BilledTenant acme = await BilledTenant.StartAsync(engines);
        await acme.PostAsync("/v1/grants", """{"customer":"acme","kind":"promotional","amount":"50","currency":"USD","reference":"gift","valid_from":"2026-01-01T00:00:00Z","components":["b"]}""");
        InvoiceRow invoice = await acme.BillAsync(Fee("a", "10"), Fee("b", "20"));
        Assert.Equal("20.00 12.00", await acme.FieldsAsync(invoice.Id, "promotional", "total"));
        await acme.AssertBooksAsync();
    }

    [Fact]
    public async Task A_wrong_body_is_refused_with_the_paths_of_its_fields()
    {
        await using BilledTenant acme = await BilledTenant.StartAsync(engines);
        Assert.Equal(
            ["amount: is required", "components: has none; leave it out for all", "currency: is no currency of ISO 4217", "customer: is required", "expires_at: must be after it begins to be valid", "kind: is required: promotional or paid", "reference: is required"],
            (await acme.PostAsync("/v1/grants", """{"currency":"XXX","components":[],"expires_at":"2020-01-01T00:00:00Z"}""", 422)).Errors.Order());
        Assert.Equal(["customer: there is no customer 'nobody'"], (await acme.PostAsync("/v1/grants", Body("paid", "r", "1").Replace("acme", "nobody", StringComparison.Ordinal), 422)).Errors);
        Assert.Equal(404, (await acme.Host.SendAsync("GET", "/v1/grants/grant_none")).Status);
        Assert.Equal(400, (await acme.Host.SendAsync("GET", "/v1/grants/balance")).Status);
        Assert.Equal(404, (await acme.Host.SendAsync("GET", "/v1/grants/balance?customer=nobody")).Status);
        Assert.Equal(400, (await acme.Host.SendAsync("GET", "/v1/grants?state=lost")).Status);
    }

    [Fact]
    public async Task Grants_are_listed_by_customer_and_state()
    {
        await using BilledTenant acme = await BilledTenant.StartAsync(engines);
        await PaidAsync(acme, "pack", "50");
        await acme.PostAsync("/v1/grants", Body("promotional", "gift", "5"));
        Assert.Equal(["gift", "pack"], await ListedAsync(acme, "customer=acme"));
        Assert.Equal(["pack"], await ListedAsync(acme, "state=pending"));
        Assert.Equal([], await ListedAsync(acme, "customer=nobody"));
    }

    private static async Task<IEnumerable<string>> ListedAsync(BilledTenant tenant, string query) =>
        (await tenant.Host.SendAsync("GET", $"/v1/grants?{query}")).Json.GetProperty("items").EnumerateArray().Select(one => one.GetProperty("reference").GetString()!).Order();

    private static async Task<int> ExpireAsync(BilledTenant tenant)
    {
        int expired = 0;
        await tenant.InTransactionAsync(async transaction => expired = await GrantEnds.ExpireAsync(transaction, DateTimeOffset.UtcNow, 100, TestContext.Current.CancellationToken));
        return expired;
    }

    private static async Task<GrantRow> MakeAsync(BilledTenant tenant, Billing.Credits.GrantKind kind, string reference, string amount, DateTimeOffset expiry)
    {
        GrantRow? made = null;
        await tenant.InTransactionAsync(async transaction => made = (await GrantMaking.MakeAsync(
            transaction, "test", new GrantToMake("acme", kind, Money(amount), reference, null, 0, January, expiry), "2026a", DateTimeOffset.UtcNow, TestContext.Current.CancellationToken)).Grant);
        return made!;
    }

    private static async Task<JsonElement> PaidAsync(BilledTenant tenant, string reference, string amount) => (await tenant.PostAsync("/v1/grants", Body("paid", reference, amount))).Json;

    private static string Body(string kind, string reference, string amount) =>
        $$"""{"customer":"acme","kind":"{{kind}}","amount":"{{amount}}","currency":"USD","reference":"{{reference}}","valid_from":"2026-01-01T00:00:00Z"}""";

    private static async Task<string> BalanceAsync(BilledTenant tenant, params string[] names)
    {
        JsonElement balance = (await tenant.Host.SendAsync("GET", "/v1/grants/balance?customer=acme")).Json.GetProperty("balances")[0];
        return string.Join(" ", names.Select(name => balance.GetProperty(name).GetString()));
    }
}
