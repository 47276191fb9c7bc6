using System.Text.Json;
using Metering.BillingCore.Subscriptions;
using Metering.BillingCore.Tests.Testing;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Metering.BillingCore.Tests.Runs;

public sealed class BillingRunTests(Engines engines)
{
    [Fact]
    public async Task A_month_is_billed_once_with_its_usage_and_the_next_fee_however_often_the_run_is_repeated()
    {
        await using Seller seller = await Seller.OpenAsync(engines);
        await seller.SubscribeAsync("acme");
        Assert.Equal(1, await seller.BillAsync());
        Assert.Equal(0, await seller.BillAsync());
        await seller.UseAsync("acme", "2026-01-10", "12");
        await seller.UseAsync("other", "2026-01-10", "500");
        await seller.SealAsync("2026-02-01");
        seller.Set("2026-02-01T00:10:00Z");
        Assert.Equal(1, await seller.BillAsync());
        Assert.Equal(0, await seller.BillAsync());
        Assert.Equal(["open: base 30.00 = 33.00", "open: base 30.00, calls 11.00 = 45.10"], await seller.InvoicesAsync("acme")); // 10·1 + 2·0.5
        await seller.BooksBalanceAsync();
    }

    [Fact]
    public async Task A_draft_waits_until_the_usage_is_sealed()
    {
        await using Seller seller = await Seller.OpenAsync(engines);
        string id = await seller.SubscribeAsync("acme");
        await seller.BillAsync();
        await seller.UseAsync("acme", "2026-01-31T23:59:00Z", "4");
        await seller.SealAsync("2026-01-31T23:59:00Z");
        seller.Set("2026-02-01T00:10:00Z");
        Assert.Equal(0, await seller.BillAsync());
        Assert.StartsWith("draft", (await seller.InvoicesAsync("acme"))[1], StringComparison.Ordinal);
        JsonElement due = (await seller.Host.SendAsync("GET", "/v1/billing-runs/due")).Json;
        Assert.Equal((0, 1, "2026-02-01T00:00:00Z"), (due.GetProperty("due").GetInt32(), due.GetProperty("waiting").GetInt32(), due.GetProperty("oldest_wait").GetString()));
        Assert.False((await seller.Host.SendAsync("GET", $"/v1/subscriptions/{id}/preview")).Json.GetProperty("complete").GetBoolean());
        await seller.SealAsync("2026-02-01");
        Assert.Equal(1, await seller.BillAsync());
        Assert.Equal("open: base 30.00, calls 4.00 = 37.40", (await seller.InvoicesAsync("acme"))[1]);
    }

    [Fact]
    public async Task Fees_that_wait_for_too_long_go_on_an_invoice_of_their_own()
    {
        await using Seller seller = await Seller.OpenAsync(engines);
        await seller.SubscribeAsync("acme");
        await seller.BillAsync();
        await seller.UseAsync("acme", "2026-01-10", "4");
        await seller.SealAsync("2026-01-20");
        seller.Set("2026-02-01T02:00:00Z");
        Assert.Equal(1, await seller.BillAsync());
        await seller.SealAsync("2026-02-01");
        Assert.Equal(1, await seller.BillAsync());
        IReadOnlyList<string> invoices = await seller.InvoicesAsync("acme");
        Assert.Equal(["open: base 30.00 = 33.00", "open: base 30.00 = 33.00", "open: calls 4.00 = 4.40"], invoices.Order(StringComparer.Ordinal));
        await seller.BooksBalanceAsync();
    }

    [Fact]
    public async Task An_operator_may_end_the_wait_and_what_comes_later_is_corrected()
    {
        await using Seller seller = await Seller.OpenAsync(engines);
        string id = await seller.SubscribeAsync("acme");
        await seller.BillAsync();
        await seller.UseAsync("acme", "2026-01-10", "4");
        await seller.SealAsync("2026-01-20");
        seller.Set("2026-02-01T00:10:00Z");
        await seller.BillAsync();
        Answered without = await seller.Host.SendAsync("POST", $"/v1/subscriptions/{id}/finalize", "{}");
        Assert.Equal(422, without.Status);
        Assert.Equal(1, (await seller.PostAsync($"/v1/subscriptions/{id}/finalize", """{"reason":"partition 3 is lost"}""")).GetProperty("invoices").GetInt32());
        Assert.Equal("partition 3 is lost", await seller.ScalarAsync("select incomplete_reason from billing.invoice where incomplete_reason is not null"));
        await seller.UseAsync("acme", "2026-01-30", "2");
        await seller.SealAsync("2026-02-02");
        Assert.Equal(1, await seller.CorrectAsync());
    }

    [Fact]
    public async Task Usage_without_a_price_holds_the_draft_and_says_why()
    {
        await using Seller seller = await Seller.OpenAsync(engines);
        await seller.SubscribeAsync("acme", "cells");
        await seller.UseAsync("acme", "2026-01-10", "4", model: "huge");
        await seller.SealAsync("2026-02-01");
        seller.Set("2026-02-01T00:10:00Z");
        Assert.Equal(0, await seller.BillAsync());
        Assert.Contains("huge", await seller.ScalarAsync("select held_because from billing.subscription"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_upgrade_is_billed_at_once()
    {
        await using Seller seller = await Seller.OpenAsync(engines);
        string id = await seller.SubscribeAsync("acme");
        await seller.BillAsync();
        seller.Set("2026-01-15T23:59:30Z");
        await seller.PostAsync($"/v1/subscriptions/{id}/change", """{"plan":"pro"}""");
        seller.Set("2026-01-16T00:00:00Z");
        Assert.Equal(1, await seller.BillAsync());
        Assert.Equal("open: base -15.48, base 30.97 = 17.04", (await seller.InvoicesAsync("acme"))[1]); // 16 of 31 days
        await seller.BooksBalanceAsync();
    }

    [Fact]
    public async Task A_voided_invoice_is_billed_again_unless_it_is_waived()
    {
        await using Seller seller = await Seller.OpenAsync(engines);
        await seller.SubscribeAsync("acme");
        await seller.SubscribeAsync("globex");
        await seller.BillAsync();
        string acme = await seller.ScalarAsync("select id from billing.invoice where customer = 'acme'");
        string globex = await seller.ScalarAsync("select id from billing.invoice where customer = 'globex'");
        await seller.PostAsync($"/v1/invoices/{acme}/void", """{"reason":"wrong address"}""");
        await seller.PostAsync($"/v1/invoices/{globex}/void", """{"reason":"a gift","waive":true}""");
        Assert.Equal(1, await seller.BillAsync());
        Assert.Equal(0, await seller.BillAsync());
        Assert.Equal(["void: base 30.00 = 33.00", "open: base 30.00 = 33.00"], (await seller.InvoicesAsync("acme")).OrderByDescending(text => text, StringComparer.Ordinal));
        Assert.Equal(["void: base 30.00 = 33.00"], await seller.InvoicesAsync("globex"));
        await seller.BooksBalanceAsync();
    }

    [Fact]
    public async Task An_overdue_invoice_makes_a_subscription_past_due_then_unpaid_and_a_payment_makes_it_active()
    {
        await using Seller seller = await Seller.OpenAsync(engines);
        string id = await seller.SubscribeAsync("acme");
        await seller.BillAsync();
        StandingJob job = seller.Host.Services.GetRequiredService<StandingJob>();
        List<string> states = [];
        foreach (string day in new[] { "2026-01-30T00:00:00Z", "2026-01-31T00:01:00Z", "2026-02-07T00:01:00Z" }) // 30 days to pay, 7 of grace
        {
            seller.Set(day);
            await job.RunAsync(seller.Host.Tenant, TestContext.Current.CancellationToken);
            states.Add(await seller.ScalarAsync("select state from billing.subscription"));
        }

        Assert.Equal(["active", "past_due", "unpaid"], states);
        string invoice = await seller.ScalarAsync("select id from billing.invoice where state = 'open'");
        await seller.PostAsync($"/v1/invoices/{invoice}/payments", """{"reference":"bank-1","amount":"33.00"}""");
        Assert.Equal("active", await seller.ScalarAsync($"select state from billing.subscription where id = '{id}'"));
        Assert.Equal(0, await job.RunAsync(seller.Host.Tenant, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_discount_that_a_subscription_is_given_covers_its_periods()
    {
        await using Seller seller = await Seller.OpenAsync(engines);
        string id = await seller.SubscribeAsync("acme");
        await seller.PutAsync("/v1/discounts/welcome", """{"percent":"50","periods":1}""");
        await seller.PutAsync("/v1/discounts/euros", """{"amount":"5","currency":"EUR"}""");
        Answered unknown = await seller.Host.SendAsync("POST", $"/v1/subscriptions/{id}/discounts", """{"discount":"none"}""");
        Assert.Equal((422, "discount: there is no discount 'none'"), (unknown.Status, unknown.Errors.Single()));
        Assert.Equal(422, (await seller.Host.SendAsync("POST", $"/v1/subscriptions/{id}/discounts", """{"discount":"euros"}""")).Status);
        await seller.PostAsync($"/v1/subscriptions/{id}/discounts", """{"discount":"welcome"}""");
        Assert.Equal("welcome", (await seller.Host.SendAsync("GET", $"/v1/subscriptions/{id}/discounts")).Json.GetProperty("items")[0].GetProperty("discount").GetString());
        await seller.BillAsync();
        await seller.SealAsync("2026-02-01");
        seller.Set("2026-02-01T00:10:00Z");
        await seller.BillAsync();
        Assert.Equal(["open: base 30.00 = 16.50", "open: base 30.00, calls 0.00 = 33.00"], await seller.InvoicesAsync("acme"));
        await seller.BooksBalanceAsync();
    }

    [Fact]
    public async Task Many_runs_at_once_bill_everybody_once()
    {
        await using Seller seller = await Seller.OpenAsync(engines, settings: ("RunBatch", "3"));
        for (int i = 0; i < 20; i++)
        {
            await seller.SubscribeAsync($"c{i}");
        }

        int[] made = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => seller.BillAsync()));
        Assert.Equal(20, made.Sum());
        Assert.Equal("20/20/20", await seller.ScalarAsync("select count(*) || '/' || count(distinct customer) || '/' || count(distinct number) from billing.invoice where state = 'open'"));
        await seller.BooksBalanceAsync();
    }
}
