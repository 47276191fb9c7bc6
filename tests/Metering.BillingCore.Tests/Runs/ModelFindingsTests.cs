using System.Text.Json;
using Metering.Billing.Postgres.Jobs;
using Metering.BillingCore.Subscriptions;
using Metering.BillingCore.Tests.Testing;
using Xunit;

namespace Metering.BillingCore.Tests.Runs;

/// <summary>What random histories against the model brought up, each as small as it gets.</summary>
public sealed class ModelFindingsTests(Engines engines)
{
    /// <summary>The fees of February went ahead of their usage; when that was billed, both are of one instant. What the void makes unbilled is billed again.</summary>
    [Fact]
    public async Task Fees_that_went_ahead_and_were_voided_after_their_usage_was_billed_are_billed_again()
    {
        await using Seller seller = await Seller.OpenAsync(engines);
        await seller.SubscribeAsync("acme");
        await seller.BillAsync();
        await seller.UseAsync("acme", "2026-01-10", "12");
        seller.Set("2026-02-01T02:00:00Z");
        Assert.Equal(1, await seller.BillAsync()); // the fees
        await seller.SealAsync("2026-02-01");
        seller.Set("2026-02-01T03:00:00Z");
        Assert.Equal(1, await seller.BillAsync()); // the usage
        string fees = await seller.ScalarAsync("select id from billing.invoice where kind = 'advance'");
        await seller.PostAsync($"/v1/invoices/{fees}/void", """{"reason":"address"}""");
        await seller.BillAsync();
        Assert.Equal("6000", await seller.ScalarAsync("select sum(amount) from billing.invoice_line l join billing.invoice i on i.id = l.invoice where component = 'base' and state <> 'void'"));
        await seller.BooksBalanceAsync();
    }

    /// <summary>Nobody has looked at the clock yet: the end that was asked for holds all the same.</summary>
    [Fact]
    public async Task Nothing_is_billed_beyond_an_end_that_was_asked_for_though_the_clock_has_not_recorded_it()
    {
        await using Seller seller = await Seller.OpenAsync(engines);
        string id = await seller.SubscribeAsync("acme");
        await seller.BillAsync();
        await seller.PostAsync($"/v1/subscriptions/{id}/cancel", """{"at":"period_end"}""");
        await seller.SealAsync("2026-02-01");
        seller.Set("2026-02-01T00:00:30Z");
        await seller.BillAsync();
        await using (Ownership clock = await Testing.Jobs.TakeAsync(seller.Postgres, SubscriptionClockJob.Job))
        {
            await Testing.Jobs.Clock(seller.Postgres, seller.Time).StepAsync(clock, TestContext.Current.CancellationToken);
        }

        await seller.BillAsync();
        Assert.Equal(["open: base 30.00 = 33.00", "paid: calls 0.00 = 0.00"], await seller.InvoicesAsync("acme"));
    }

    [Fact]
    public async Task History_of_a_billed_period_that_nobody_has_approved_does_not_count_because_a_later_period_was_billed()
    {
        await using Seller seller = await Seller.OpenAsync(engines);
        await seller.SubscribeAsync("acme");
        await seller.BillAsync();
        await seller.UseAsync("acme", "2026-01-10", "12");
        await seller.SealAsync("2026-02-01");
        seller.Set("2026-02-01T00:10:00Z");
        await seller.BillAsync();
        await seller.UseAsync("acme", "2026-01-20", "4", kind: "history");
        await seller.SealAsync("2026-02-02");
        await seller.CorrectAsync();
        JsonElement pending = (await seller.Host.SendAsync("GET", "/v1/corrections?state=pending")).Json.GetProperty("items")[0];
        await seller.PostAsync($"/v1/corrections/{pending.GetProperty("id").GetString()}/reject", "{}");
        await seller.SealAsync("2026-03-01");
        seller.Set("2026-03-01T00:10:00Z");
        await seller.BillAsync();
        await seller.UseAsync("acme", "2026-01-21", "2"); // late, and not history
        await seller.SealAsync("2026-03-02");
        await seller.CorrectAsync();
        Assert.Equal("100", await seller.ScalarAsync("select sum(accrued) from billing.pending_charge")); // 2·0.5, and nothing of the 4
    }

    /// <summary>A matrix has a line for each cell that was used: there was none.</summary>
    [Fact]
    public async Task Late_usage_of_a_period_that_was_billed_without_a_line_for_it_is_billed()
    {
        await using Seller seller = await Seller.OpenAsync(engines);
        await seller.SubscribeAsync("acme", "cells");
        await seller.BillAsync();
        await seller.SealAsync("2026-02-01");
        seller.Set("2026-02-01T00:10:00Z");
        await seller.BillAsync();
        await seller.UseAsync("acme", "2026-01-20", "4");
        await seller.SealAsync("2026-02-02");
        Assert.Equal(1, await seller.CorrectAsync());
    }

    /// <summary>Nothing was served in February and March, so no invoice speaks of them.</summary>
    [Fact]
    public async Task Months_that_were_paused_and_turn_out_to_have_been_served_are_billed()
    {
        await using Seller seller = await Seller.OpenAsync(engines);
        string id = await seller.SubscribeAsync("acme");
        await seller.BillAsync();
        await seller.SealAsync("2026-02-01");
        seller.Set("2026-02-01T00:00:00Z");
        await seller.PostAsync($"/v1/subscriptions/{id}/pause", "{}");
        await seller.BillAsync();
        foreach (string upto in new[] { "2026-03-01", "2026-04-01" })
        {
            await seller.SealAsync(upto);
            seller.Set($"{upto}T00:10:00Z");
            await seller.BillAsync();
        }

        await seller.PostAsync($"/v1/subscriptions/{id}/resume", """{"at":"2026-02-01T00:00:00Z"}""");
        await seller.BillAsync();
        await seller.CorrectAsync();
        await seller.SealAsync("2026-05-01");
        seller.Set("2026-05-01T00:10:00Z");
        await seller.BillAsync();
        await seller.CorrectAsync();
        Assert.Equal("15000", await seller.ScalarAsync("select sum(amount) from billing.invoice_line where component = 'base'")); // January to May
        await seller.BooksBalanceAsync();
    }

    /// <summary>While an older invoice waits to be billed again, the subscription is not billed as far as the invoices that stand.</summary>
    [Fact]
    public async Task Late_usage_of_a_period_that_stays_billed_is_billed_though_an_older_invoice_was_voided_just_before()
    {
        await using Seller seller = await Seller.OpenAsync(engines);
        await seller.SubscribeAsync("acme");
        await seller.BillAsync();
        string first = await seller.ScalarAsync("select id from billing.invoice");
        await seller.UseAsync("acme", "2026-01-10", "12");
        await seller.SealAsync("2026-02-01");
        seller.Set("2026-02-01T00:10:00Z");
        await seller.BillAsync();
        await seller.CorrectAsync(); // the seals are followed from here on
        await seller.PostAsync($"/v1/invoices/{first}/void", """{"reason":"address"}""");
        await seller.UseAsync("acme", "2026-01-20", "4");
        await seller.SealAsync("2026-02-02");
        await seller.CorrectAsync();
        await seller.BillAsync();
        await seller.CorrectAsync();
        Assert.Equal("200", await seller.ScalarAsync("select sum(accrued) from billing.pending_charge"));
    }

    [Fact]
    public async Task History_that_comes_together_with_late_usage_waits_for_approval_all_the_same()
    {
        await using Seller seller = await Seller.OpenAsync(engines);
        await seller.SubscribeAsync("acme");
        await seller.BillAsync();
        await seller.UseAsync("acme", "2026-01-10", "12");
        await seller.SealAsync("2026-02-01");
        seller.Set("2026-02-01T00:10:00Z");
        await seller.BillAsync();
        await seller.UseAsync("acme", "2026-01-20", "4", kind: "history");
        await seller.UseAsync("acme", "2026-01-21", "2");
        await seller.SealAsync("2026-02-02");
        await seller.CorrectAsync();
        Assert.Equal("100", await seller.ScalarAsync("select sum(accrued) from billing.pending_charge"));
        JsonElement pending = (await seller.Host.SendAsync("GET", "/v1/corrections?state=pending")).Json.GetProperty("items")[0];
        Assert.Equal("2.20", pending.GetProperty("net").GetString());
    }

    /// <summary>The plan that it had last was never served. Its whole batch could not be read.</summary>
    [Fact]
    public async Task A_subscription_that_is_changed_and_canceled_within_one_minute_is_billed()
    {
        await using Seller seller = await Seller.OpenAsync(engines);
        string id = await seller.SubscribeAsync("acme");
        await seller.BillAsync();
        seller.Set("2026-01-16T00:00:00Z");
        await seller.PostAsync($"/v1/subscriptions/{id}/change", """{"plan":"pro"}""");
        await seller.PostAsync($"/v1/subscriptions/{id}/cancel", "{}");
        await seller.SealAsync("2026-01-16");
        await seller.BillAsync();
        Assert.Equal("1452", await seller.ScalarAsync("select sum(amount) from billing.invoice_line where component = 'base'")); // 15 of 31 days of 30
        await seller.BooksBalanceAsync();
    }

    [Fact]
    public async Task Usage_of_a_subject_that_is_mapped_later_is_billed_in_a_period_without_a_line_for_it()
    {
        await using Seller seller = await Seller.OpenAsync(engines);
        await seller.SubscribeAsync("acme", "cells");
        await seller.UseAsync("robot", "2026-01-20", "4");
        await seller.BillAsync();
        await seller.SealAsync("2026-02-01");
        seller.Set("2026-02-01T00:10:00Z");
        await seller.BillAsync();
        await seller.PutAsync("/v1/customers/acme/subjects/robot", """{"from":"2026-01-01T00:00:00Z"}""");
        Assert.Equal(1, await seller.CorrectAsync());
        Assert.Equal("800", await seller.ScalarAsync("select sum(accrued) from billing.pending_charge"));
    }

    /// <summary>What is paid in arrears of a quarter that ends early is due at that end, which was billed past before it was known. No line speaks of the quarter yet.</summary>
    [Fact]
    public async Task What_a_backdated_end_makes_due_in_time_that_was_billed_is_billed()
    {
        await using Seller seller = await Seller.OpenAsync(engines);
        await seller.PublishAsync("""
            {"currency":"USD","effective_from":"2020-01-01T00:00:00Z","plans":[{"key":"late","product":"api","phases":[{"key":"main","components":[
              {"key":"base","price":{"model":"flat","amount":"30"}},{"key":"support","price":{"model":"flat","amount":"90"},"timing":"arrears","interval":{"unit":"quarter","count":1}}]}]}]}
            """);
        string id = await seller.SubscribeAsync("acme", "late", book: "mixed");
        await seller.BillAsync();
        seller.Set("2026-02-01T00:10:00Z");
        await seller.BillAsync();
        await seller.PostAsync($"/v1/subscriptions/{id}/cancel", """{"at":"2026-01-19T00:00:00Z"}""");
        seller.Set("2026-04-01T00:10:00Z");
        await seller.SealAsync("2026-04-01");
        await seller.BillAsync();
        await seller.CorrectAsync();
        Assert.Equal("1800", await seller.ScalarAsync("select sum(amount) from billing.invoice_line where component = 'support'")); // 18 of 90 days
        await seller.BooksBalanceAsync();
    }
}
