using System.Text.Json;
using Metering.BillingCore.Tests.Testing;
using Xunit;

namespace Metering.BillingCore.Tests.Runs;

/// <summary>What was issued before, as later invoices and corrections see it on the databases.</summary>
public sealed class IssuedAgainTests(Engines engines)
{
    private const string Mixed = """
        {"currency":"USD","effective_from":"2020-01-01T00:00:00Z","plans":[
          {"key":"big","product":"api","phases":[{"key":"main","components":[
            {"key":"base","price":{"model":"flat","amount":"60"}},{"key":"calls","meter":"calls","price":{"model":"per_unit","unit":"1"}}]}]},
          {"key":"small","product":"api","phases":[{"key":"main","components":[
            {"key":"base","price":{"model":"flat","amount":"10"}},{"key":"calls","meter":"calls","price":{"model":"per_unit","unit":"1"}}]}]},
          {"key":"yearly","product":"api","phases":[{"key":"main","components":[
            {"key":"base","interval":{"unit":"year","count":1},"price":{"model":"flat","amount":"120"}},{"key":"calls","meter":"calls","price":{"model":"per_unit","unit":"1"}}]}]},
          {"key":"weekly","product":"api","phases":[{"key":"main","components":[
            {"key":"base","price":{"model":"flat","amount":"10"}},{"key":"calls","meter":"calls","interval":{"unit":"week","count":1},"price":{"model":"per_unit","unit":"1"}}]}],
            "commitments":[{"key":"spend","amount":"100","components":["base","calls"]}]}]}
        """;

    [Fact]
    public async Task A_new_line_of_a_correction_is_not_discounted_again()
    {
        await using Seller seller = await Seller.OpenAsync(engines);
        await seller.PublishAsync(Mixed);
        await seller.PutAsync("/v1/discounts/ten", """{"percent":"10"}""");
        string id = await seller.SubscribeAsync("acme", "small", book: "mixed");
        await seller.PostAsync($"/v1/subscriptions/{id}/discounts", """{"discount":"ten"}""");
        await JanuaryAsync(seller, "20");
        await seller.PostAsync($"/v1/subscriptions/{id}/change", """{"plan":"big","at":"2026-01-16T00:00:00Z"}""");
        Assert.Equal(1, await seller.CorrectAsync());
        await seller.SealAsync("2026-03-01");
        seller.Set("2026-03-01T00:10:00Z");
        await seller.BillAsync();
        await seller.UseAsync("acme", "2026-01-20", "4");
        await seller.UseAsync("acme", "2026-01-20", "-4", kind: "void");
        await seller.SealAsync("2026-03-02");
        Assert.Equal(0, await seller.CorrectAsync());
    }

    /// <summary>A note on the newest invoice has lines of the fee that another invoice billed: with their tax they leave nothing of it to credit.</summary>
    [Fact]
    public async Task An_invoice_bears_no_more_of_a_period_than_it_billed_of_it_whatever_lines_its_notes_have()
    {
        await using Seller seller = await Seller.OpenAsync(engines);
        await seller.PublishAsync(Mixed);
        string id = await seller.SubscribeAsync("acme", "big", book: "mixed");
        await JanuaryAsync(seller, "11");
        await seller.PostAsync($"/v1/subscriptions/{id}/change", """{"plan":"small","at":"2026-01-02T00:00:00Z"}""");
        Assert.Equal(1, await seller.CorrectAsync());
        await seller.UseAsync("acme", "2026-01-10", "-5", kind: "void");
        await seller.SealAsync("2026-02-02");
        Assert.Equal(1, await seller.CorrectAsync());
        Assert.Equal("1210", await seller.ScalarAsync("select sum(n.total) from billing.credit_note n join billing.invoice i on i.tenant_id = n.tenant_id and i.id = n.invoice where i.due_at > '2026-01-15'"));
        await seller.BooksBalanceAsync();
    }

    [Fact]
    public async Task The_first_invoice_of_a_backdated_start_is_billed_again_whole_when_it_was_voided()
    {
        await using Seller seller = await Seller.OpenAsync(engines, "2026-03-10T00:00:00Z");
        await seller.SubscribeAsync("acme", more: ""","start":"2026-01-01T00:00:00Z" """);
        await seller.UseAsync("acme", "2026-01-10", "8");
        await seller.SealAsync("2026-03-10");
        Assert.Equal(1, await seller.BillAsync());
        string first = await seller.ScalarAsync("select id from billing.invoice");
        string lines = (await seller.InvoicesAsync("acme"))[0];
        await seller.PostAsync($"/v1/invoices/{first}/void", """{"reason":"wrong address"}""");
        Assert.Equal(1, await seller.BillAsync());
        Assert.Equal([lines, lines.Replace("open", "void", StringComparison.Ordinal)], (await seller.InvoicesAsync("acme")).Order(StringComparer.Ordinal));
        await seller.BooksBalanceAsync();
    }

    [Fact]
    public async Task Invoices_that_were_voided_the_oldest_first_are_all_billed_again()
    {
        await using Seller seller = await Seller.OpenAsync(engines);
        await seller.SubscribeAsync("acme");
        await JanuaryAsync(seller, "8");
        foreach (string month in new[] { "01", "02" })
        {
            await seller.PostAsync($"/v1/invoices/{await seller.ScalarAsync($"select id from billing.invoice where due_at = '2026-{month}-01'")}/void", """{"reason":"wrong address"}""");
        }

        await seller.BillAsync();
        await seller.BillAsync();
        Assert.Equal("2", await seller.ScalarAsync("select count(*) from billing.invoice where state = 'open'"));
        await seller.BooksBalanceAsync();
    }

    /// <summary>No invoice of the subscription comes any more that could take them.</summary>
    [Fact]
    public async Task What_a_voided_invoice_of_a_correction_has_billed_is_billed_again_after_the_subscription_has_ended()
    {
        await using Seller seller = await Seller.OpenAsync(engines);
        string id = await seller.SubscribeAsync("acme");
        await seller.BillAsync();
        seller.Set("2026-01-31T23:59:30Z");
        await seller.PostAsync($"/v1/subscriptions/{id}/cancel", "{}");
        await seller.SealAsync("2026-02-01");
        seller.Set("2026-02-01T00:10:00Z");
        await seller.BillAsync();
        await seller.UseAsync("acme", "2026-01-20", "4");
        await seller.SealAsync("2026-02-02");
        Assert.Equal(1, await seller.CorrectAsync());
        for (int time = 0; time < 2; time++)
        {
            string voided = await seller.ScalarAsync("select id from billing.invoice where kind like 'correction:%' and state = 'open'");
            await seller.PostAsync($"/v1/invoices/{voided}/void", """{"reason":"wrong address"}""");
            Assert.Equal(1, await seller.BillAsync());
            Assert.Equal(0, await seller.BillAsync());
            Assert.Contains("open: calls 4.00 = 4.40", await seller.InvoicesAsync("acme"));
            Assert.Equal("0", await seller.ScalarAsync("select count(*) from billing.pending_charge where invoice is null"));
        }

        await seller.BooksBalanceAsync();
        JsonElement verified = (await seller.Host.SendAsync("GET", "/v1/invoices/verify")).Json.GetProperty("items");
        Assert.All(verified.EnumerateArray(), one => Assert.Equal("same", one.GetProperty("result").GetString()));
    }

    /// <summary>The last invoice is below zero, and the first has no line of January: nothing can bear what January gives back.</summary>
    [Fact]
    public async Task What_no_invoice_can_bear_is_the_customers_credit_when_the_subscription_has_ended()
    {
        await using Seller seller = await Seller.OpenAsync(engines);
        await seller.PublishAsync(Mixed);
        string id = await seller.SubscribeAsync("acme", "yearly", book: "mixed");
        await seller.BillAsync();
        await seller.UseAsync("acme", "2026-01-10", "11");
        seller.Set("2026-01-31T23:59:30Z");
        await seller.PostAsync($"/v1/subscriptions/{id}/cancel", "{}");
        await seller.SealAsync("2026-02-01");
        seller.Set("2026-02-01T00:10:00Z");
        await seller.BillAsync();
        string before = await seller.ScalarAsync("select balance from billing.ledger_account where kind = 'CustomerCredit'");
        await seller.UseAsync("acme", "2026-01-10", "-4", kind: "void");
        await seller.SealAsync("2026-02-02");
        Assert.Equal(1, await seller.CorrectAsync());
        Assert.Equal("0", await seller.ScalarAsync("select count(*) from billing.pending_charge where invoice is null"));
        Assert.Equal("440", await seller.ScalarAsync($"select abs(balance - ({before})) from billing.ledger_account where kind = 'CustomerCredit'")); // 4 calls and 10 % of them
        Assert.Equal(0, await seller.CorrectAsync());
        await seller.BooksBalanceAsync();
    }

    [Fact]
    public async Task A_credit_of_a_correction_returns_to_promotional_grants_what_they_paid_of_the_line()
    {
        await using Seller seller = await Seller.OpenAsync(engines);
        await seller.SubscribeAsync("acme");
        await seller.BillAsync();
        await seller.PostAsync("/v1/grants", """{"customer":"acme","kind":"promotional","amount":"11","currency":"USD","reference":"gift","components":["calls"],"valid_from":"2026-01-01T00:00:00Z"}""");
        await seller.UseAsync("acme", "2026-01-10", "20");
        await seller.SealAsync("2026-02-01");
        seller.Set("2026-02-01T00:10:00Z");
        await seller.BillAsync();
        Assert.Equal("3740", await seller.ScalarAsync("select total from billing.invoice where due_at > '2026-01-15'")); // 30 + 15 − 11, and 10 %
        await seller.UseAsync("acme", "2026-01-10", "-20", kind: "void");
        await seller.SealAsync("2026-02-02");
        Assert.Equal(1, await seller.CorrectAsync());
        Assert.Equal("1500 1100 40 440", await seller.ScalarAsync("select concat_ws(' ', sum(amount), sum(promotional), sum(tax), sum(total)) from billing.credit_note"));
        Assert.Equal(0, await seller.CorrectAsync());
        await seller.BooksBalanceAsync();
    }

    [Fact]
    public async Task An_invoice_that_a_promotional_grant_paid_whole_gives_all_of_a_correction_back_to_the_grant()
    {
        await using Seller seller = await Seller.OpenAsync(engines);
        await seller.SubscribeAsync("acme");
        await seller.PostAsync("/v1/grants", """{"customer":"acme","kind":"promotional","amount":"500","currency":"USD","reference":"gift","valid_from":"2026-01-01T00:00:00Z"}""");
        await JanuaryAsync(seller, "20");
        await seller.UseAsync("acme", "2026-01-10", "-5", kind: "void");
        await seller.SealAsync("2026-02-02");
        Assert.Equal(1, await seller.CorrectAsync());
        Assert.Equal("250 250 0 0", await seller.ScalarAsync("select concat_ws(' ', sum(amount), sum(promotional), sum(tax), sum(total)) from billing.credit_note"));
        Assert.Equal(0, await seller.CorrectAsync());
        await seller.BooksBalanceAsync();
    }

    /// <summary>The fifth week of January begins on the 29th and ends in February: the true-up of January counts it, and comes with it.</summary>
    [Fact]
    public async Task A_true_up_counts_the_week_that_reaches_beyond_its_month_and_follows_it_in_one_correction()
    {
        await using Seller seller = await Seller.OpenAsync(engines);
        await seller.PublishAsync(Mixed);
        await seller.SubscribeAsync("acme", "weekly", book: "mixed");
        await JanuaryAsync(seller, "20", invoices: 5); // of four weeks, and of the fee of February
        Assert.Equal("0", await seller.ScalarAsync("select count(*) from billing.invoice_line where kind = 'commitment'"));
        await seller.UseAsync("acme", "2026-01-30", "7");
        await seller.SealAsync("2026-02-05");
        seller.Set("2026-02-05T00:10:00Z");
        Assert.Equal(1, await seller.BillAsync());
        Assert.Equal("6300", await seller.ScalarAsync("select amount from billing.invoice_line where kind = 'commitment'")); // 100 − 10 − 20 − 7
        await seller.UseAsync("acme", "2026-02-02", "5");
        await seller.SealAsync("2026-02-06");
        Assert.Equal(2, await seller.CorrectAsync());
        Assert.Equal("550", await seller.ScalarAsync("select total from billing.credit_note")); // the true-up is 5 less, and its tax
        Assert.Equal("500", await seller.ScalarAsync("select sum(accrued) from billing.pending_charge"));
        Assert.Equal(0, await seller.CorrectAsync());
        await seller.BooksBalanceAsync();
    }

    /// <summary>What was posted when late usage was found is not the invoice's, and its void leaves it.</summary>
    [Fact]
    public async Task A_waived_invoice_leaves_what_was_accrued_before_it_in_unbilled()
    {
        await using Seller seller = await Seller.OpenAsync(engines);
        await seller.SubscribeAsync("acme");
        await JanuaryAsync(seller, "12");
        await seller.UseAsync("acme", "2026-01-20", "4");
        await seller.SealAsync("2026-02-02");
        await seller.CorrectAsync();
        await seller.SealAsync("2026-03-01");
        seller.Set("2026-03-01T00:10:00Z");
        await seller.BillAsync();
        Assert.Equal("0", await seller.ScalarAsync("select balance from billing.ledger_account where kind = 'Unbilled'"));
        await seller.PostAsync($"/v1/invoices/{await seller.ScalarAsync("select id from billing.invoice where due_at = '2026-03-01'")}/void", """{"reason":"a gift","waive":true}""");
        Assert.Equal("200", await seller.ScalarAsync("select balance from billing.ledger_account where kind = 'Unbilled'"));
        Assert.Equal(0, await seller.BillAsync());
        Assert.Equal(0, await seller.CorrectAsync());
        await seller.BooksBalanceAsync();
    }

    /// <summary>January with so many calls, billed on the first of February.</summary>
    private static async Task JanuaryAsync(Seller seller, string calls, int invoices = 1)
    {
        await seller.BillAsync();
        await seller.UseAsync("acme", "2026-01-10", calls);
        await seller.SealAsync("2026-02-01");
        seller.Set("2026-02-01T00:10:00Z");
        Assert.Equal(invoices, await seller.BillAsync());
    }
}
