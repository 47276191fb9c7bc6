using System.Text.Json;
using Metering.Billing.Postgres.Invoices;
using Metering.BillingCore.Tests.Testing;
using Npgsql;
using Xunit;
using static Metering.BillingCore.Tests.Invoices.Charges;

namespace Metering.BillingCore.Tests.Invoices;

/// <summary>Money that is owed back is sent once, and comes back to be sent again.</summary>
public sealed class RefundTests(Engines engines)
{
    private const string Refunds = "/v1/refunds";

    [Fact]
    public async Task What_a_credit_note_left_to_refund_is_sent_and_no_more()
    {
        await using BilledTenant acme = await BilledTenant.StartAsync(engines);
        string note = await OwedAsync(acme);
        Assert.Equal("Bank 120.00, RefundsPayable 120.00", await acme.BalancesAsync("Bank", "Clearing", "RefundsPayable"));
        Answered sent = await acme.PostAsync(Refunds, Body("credit_note", note, "50", "r1"));
        Assert.Equal("acme sent USD 50.00 r1", Fields(sent.Json, "customer", "state", "currency", "amount", "reference"));
        Assert.Equal(sent.Text, (await acme.PostAsync(Refunds, Body("credit_note", note, "50", "r1"))).Text);
        Assert.Equal("Bank 120.00, Clearing -50.00, RefundsPayable 70.00", await acme.BalancesAsync("Bank", "Clearing", "RefundsPayable"));
        Assert.Contains("another refund", (await acme.PostAsync(Refunds, Body("credit_note", note, "51", "r1"), 409)).Text, StringComparison.Ordinal);
        Assert.Contains("Less than that", (await acme.PostAsync(Refunds, Body("credit_note", note, "70.01", "r2"), 409)).Text, StringComparison.Ordinal);
        await acme.PostAsync(Refunds, Body("credit_note", note, "70", "r2"));
        Assert.Contains("Nothing is to be refunded", (await acme.PostAsync(Refunds, Body("credit_note", note, "1", "r3"), 409)).Text, StringComparison.Ordinal);
        Assert.Equal("Bank 120.00, Clearing -120.00", await acme.BalancesAsync("Bank", "Clearing", "RefundsPayable"));
        Assert.Equal(["r2", "r1"], (await acme.Host.SendAsync("GET", $"{Refunds}?customer=acme&state=sent")).Json.GetProperty("items").EnumerateArray().Select(one => one.GetProperty("reference").GetString()));
        Assert.Equal(sent.Text, (await acme.Host.SendAsync("GET", sent.Location!)).Text);
        await acme.AssertBooksAsync();
    }

    [Fact]
    public async Task Money_that_comes_back_is_payable_again()
    {
        await using BilledTenant acme = await BilledTenant.StartAsync(engines);
        string note = await OwedAsync(acme);
        string id = (await acme.PostAsync(Refunds, Body("credit_note", note, "120", "r1"))).Json.GetProperty("id").GetString()!;
        Answered failed = await acme.PostAsync($"{Refunds}/{id}/fail", """{"reason":"account closed"}""", 200);
        Assert.Equal("failed account closed", Fields(failed.Json, "state", "fail_reason"));
        Assert.Equal("Bank 120.00, RefundsPayable 120.00", await acme.BalancesAsync("Bank", "Clearing", "RefundsPayable"));
        Assert.Contains("has failed already", (await acme.PostAsync($"{Refunds}/{id}/fail", """{"reason":"again"}""", 409)).Text, StringComparison.Ordinal);
        Assert.Equal("failed", (await acme.PostAsync(Refunds, Body("credit_note", note, "120", "r1"))).Json.GetProperty("state").GetString());
        await acme.PostAsync(Refunds, Body("credit_note", note, "120", "r2"));
        Assert.Equal("Bank 120.00, Clearing -120.00", await acme.BalancesAsync("Bank", "Clearing", "RefundsPayable"));
        Assert.Equal(
            $"refund:{id}:failed", await acme.ScalarAsync("select key from billing.ledger_transaction where tenant_id = $1 and key like 'refund:%:failed'"));
        Assert.Equal("refund.sent, refund.failed, refund.sent", await acme.ScalarAsync("select string_agg(action, ', ' order by seq) from billing.audit_log where tenant_id = $1 and action like 'refund.%'"));
        Assert.Equal("refund.sent, refund.failed, refund.sent", await acme.ScalarAsync("select string_agg(type, ', ' order by seq) from billing.outbox where tenant_id = $1 and type like 'refund.%'"));
        await acme.AssertBooksAsync();
    }

    /// <summary>Refunds payable is one account of all customers: what one was sent must not be taken from another's.</summary>
    [Fact]
    public async Task A_credit_note_that_was_paid_out_is_not_voided_with_anothers_money()
    {
        await using BilledTenant acme = await BilledTenant.StartAsync(engines);
        await acme.AddCustomerAsync("globex");
        string note = await OwedAsync(acme);
        await OwedAsync(acme, "globex");
        string refund = (await acme.PostAsync(Refunds, Body("credit_note", note, "20", "r1"))).Json.GetProperty("id").GetString()!;
        Assert.Contains("is spent", (await acme.PostAsync($"/v1/credit-notes/{note}/void", """{"reason":"mistake"}""", 409)).Text, StringComparison.Ordinal);
        await acme.PostAsync($"{Refunds}/{refund}/fail", """{"reason":"account closed"}""", 200);
        await acme.PostAsync($"/v1/credit-notes/{note}/void", """{"reason":"mistake"}""", 200);
        Assert.Contains("Nothing is to be refunded", (await acme.PostAsync(Refunds, Body("credit_note", note, "1", "r2"), 409)).Text, StringComparison.Ordinal);
        Assert.Equal("RefundsPayable 120.00", await acme.BalancesAsync("RefundsPayable"));
        await acme.AssertBooksAsync();
    }

    [Fact]
    public async Task What_was_refunded_of_a_grant_is_sent_too()
    {
        await using BilledTenant acme = await BilledTenant.StartAsync(engines);
        JsonElement bought = (await acme.PostAsync("/v1/grants", """{"customer":"acme","kind":"paid","amount":"30","currency":"USD","reference":"pack"}""")).Json;
        string grant = bought.GetProperty("id").GetString()!;
        await acme.PayAsync(bought.GetProperty("invoice").GetString()!, "30", "for-pack");
        Assert.Contains("Nothing is to be refunded", (await acme.PostAsync(Refunds, Body("grant", grant, "10", "r1"), 409)).Text, StringComparison.Ordinal);
        await acme.PostAsync($"/v1/grants/{grant}/refunds", """{"amount":"12"}""", 200);
        await acme.PostAsync(Refunds, Body("grant", grant, "12", "r1"));
        Assert.Contains("Nothing is to be refunded", (await acme.PostAsync(Refunds, Body("grant", grant, "1", "r2"), 409)).Text, StringComparison.Ordinal);
        Assert.Equal("Bank 30.00, Clearing -12.00, Prepaid 18.00", await acme.BalancesAsync("Bank", "Clearing", "RefundsPayable", "Prepaid"));
        await acme.AssertBooksAsync();
    }

    [Fact]
    public async Task Refunds_payable_is_not_overdrawn_whoever_took_from_it()
    {
        await using BilledTenant acme = await BilledTenant.StartAsync(engines);
        string note = await OwedAsync(acme);
        await acme.PostAsync("/v1/ledger/transactions", """
            {"reference":"m","reason":"r","approver":"ada","entries":[{"account":"RefundsPayable","direction":"debit","amount":"100","currency":"USD"},{"account":"Bank","direction":"credit","amount":"100","currency":"USD"}]}
            """);
        Assert.Contains("by hand", (await acme.PostAsync(Refunds, Body("credit_note", note, "120", "r1"), 409)).Text, StringComparison.Ordinal);
        Assert.Equal("0", await acme.ScalarAsync("select count(*) from billing.refund where tenant_id = $1"));
    }

    [Theory]
    [InlineData("{}", "currency: is required", "reference: is required", "amount: is required", "credit_note: or grant is required, and not both: what is paid out")]
    [InlineData("""{"credit_note":"cn_x","grant":"grant_x","reference":"r","amount":"0","currency":"USD"}""", "amount: must be above zero", "credit_note: or grant is required, and not both: what is paid out")]
    public async Task A_refund_that_cannot_be_is_said_field_by_field(string body, params string[] errors)
    {
        await using BilledTenant acme = await BilledTenant.StartAsync(engines);
        Assert.Equal(errors, (await acme.PostAsync(Refunds, body, 422)).Errors);
    }

    [Fact]
    public async Task What_is_not_there_is_not_refunded_and_another_currency_is_refused()
    {
        await using BilledTenant acme = await BilledTenant.StartAsync(engines);
        await acme.PostAsync(Refunds, Body("credit_note", "cn_none", "1", "r"), 404);
        await acme.PostAsync(Refunds, Body("grant", "grant_none", "1", "r"), 404);
        await acme.PostAsync($"{Refunds}/re_none/fail", """{"reason":"r"}""", 404);
        Assert.Equal(404, (await acme.Host.SendAsync("GET", $"{Refunds}/re_none")).Status);
        string note = await OwedAsync(acme);
        Assert.Equal([$"currency: is not the one of credit note {note}"], (await acme.PostAsync(Refunds, Body("credit_note", note, "1", "r").Replace("USD", "EUR", StringComparison.Ordinal), 422)).Errors);
        Assert.Equal(400, (await acme.Host.SendAsync("GET", $"{Refunds}?state=lost")).Status);
    }

    [Fact]
    public async Task The_database_keeps_refunds_as_they_are()
    {
        await using BilledTenant acme = await BilledTenant.StartAsync(engines);
        await acme.PostAsync(Refunds, Body("credit_note", await OwedAsync(acme), "50", "r1"));
        foreach (string change in new[] { "update billing.refund set amount = 1 where tenant_id = $1", "update billing.refund set state = 'failed', failed_at = now(), fail_reason = 'r', customer = 'x' where tenant_id = $1" })
        {
            PostgresException refused = await Assert.ThrowsAsync<PostgresException>(() => acme.InTransactionAsync(transaction => acme.ExecuteAsync(transaction, change)));
            Assert.Equal("23001", refused.SqlState);
        }
    }

    /// <summary>120.00 of acme, paid and then to be refunded.</summary>
    private static async Task<string> OwedAsync(BilledTenant acme, string customer = "acme")
    {
        InvoiceRow invoice = await acme.BillAsync(customer, [Fee("a", "100")]);
        await acme.PayAsync(invoice.Id, "120", $"wire-{customer}");
        return (await acme.PostAsync($"/v1/invoices/{invoice.Id}/credit-notes", """{"reason":"canceled","refund":true}""")).Json.GetProperty("id").GetString()!;
    }

    private static string Body(string source, string id, string amount, string reference) => $$"""{"{{source}}":"{{id}}","reference":"{{reference}}","amount":"{{amount}}","currency":"USD"}""";

    private static string Fields(JsonElement json, params string[] names) => string.Join(" ", names.Select(name => json.GetProperty(name).GetString()));
}
