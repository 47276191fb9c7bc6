using System.Text.Json;
using Metering.Billing.Postgres.Runs;
using Metering.BillingCore.Tests.Testing;
using Xunit;

namespace Metering.BillingCore.Tests.Runs;

public sealed class CorrectionRunTests(Engines engines)
{
    [Fact]
    public async Task Late_usage_is_on_the_next_invoice_as_if_it_had_been_on_time_and_is_accrued_until_then()
    {
        await using Seller seller = await JanuaryAsync("12");
        await seller.UseAsync("acme", "2026-01-20", "4");
        await seller.SealAsync("2026-02-02");
        Assert.Equal(1, await seller.CorrectAsync());
        Assert.Equal(0, await seller.CorrectAsync());
        Assert.Equal("200", await seller.ScalarAsync("select sum(accrued) from billing.pending_charge")); // 4·0.5
        await seller.BooksBalanceAsync();
        await seller.SealAsync("2026-03-01");
        seller.Set("2026-03-01T00:10:00Z");
        Assert.Equal(1, await seller.BillAsync());
        Assert.Equal("open: base 30.00, calls 0.00, calls 2.00 = 35.20", (await seller.InvoicesAsync("acme"))[^1]);
        Assert.Equal("0", await seller.ScalarAsync("select count(*) from billing.pending_charge where invoice is null"));
        await seller.BooksBalanceAsync();
    }

    [Fact]
    public async Task Usage_that_was_voided_is_credited_on_the_invoice_that_billed_it()
    {
        await using Seller seller = await JanuaryAsync("12");
        await seller.UseAsync("acme", "2026-01-10", "-4", kind: "void");
        await seller.SealAsync("2026-02-02");
        Assert.Equal(1, await seller.CorrectAsync());
        Assert.Equal("330", await seller.ScalarAsync("select total from billing.credit_note")); // 11 − 8 = 3, and 10 % of it
        Assert.Equal(0, await seller.CorrectAsync());
        await seller.BooksBalanceAsync();
    }

    [Fact]
    public async Task Usage_within_a_commitment_is_recorded_only()
    {
        await using Seller seller = await JanuaryAsync("12", "pro");
        await seller.UseAsync("acme", "2026-01-20", "4");
        await seller.SealAsync("2026-02-02");
        Assert.Equal(1, await seller.CorrectAsync());
        JsonElement correction = (await seller.Host.SendAsync("GET", "/v1/corrections")).Json.GetProperty("items")[0];
        Assert.Equal(("recorded", "0.00"), (correction.GetProperty("outcome").GetString(), correction.GetProperty("net").GetString()));
        Assert.Equal("0", await seller.ScalarAsync("select count(*) from billing.pending_charge"));
    }

    [Fact]
    public async Task Twice_late_before_the_next_invoice_is_both_once()
    {
        await using Seller seller = await JanuaryAsync("12");
        await seller.UseAsync("acme", "2026-01-20", "4");
        await seller.SealAsync("2026-02-02");
        await seller.CorrectAsync();
        await seller.UseAsync("acme", "2026-01-21", "2");
        await seller.SealAsync("2026-02-03");
        await seller.CorrectAsync();
        await seller.SealAsync("2026-03-01");
        seller.Set("2026-03-01T00:10:00Z");
        await seller.BillAsync();
        Assert.Equal("open: base 30.00, calls 0.00, calls 2.00, calls 1.00 = 36.30", (await seller.InvoicesAsync("acme"))[^1]);
        await seller.BooksBalanceAsync();
    }

    [Fact]
    public async Task History_in_a_billed_period_waits_for_approval()
    {
        await using Seller seller = await JanuaryAsync("12");
        await seller.UseAsync("acme", "2026-01-20", "4", kind: "history");
        await seller.SealAsync("2026-02-02");
        await seller.CorrectAsync();
        Assert.Equal("0", await seller.ScalarAsync("select count(*) from billing.pending_charge"));
        JsonElement pending = (await seller.Host.SendAsync("GET", "/v1/corrections?state=pending")).Json.GetProperty("items")[0];
        Assert.Equal("2.20", pending.GetProperty("net").GetString());
        string id = pending.GetProperty("id").GetString()!;
        await seller.PostAsync($"/v1/corrections/{id}/approve", "{}");
        Assert.Equal(409, (await seller.Host.SendAsync("POST", $"/v1/corrections/{id}/reject", "{}")).Status);
        Assert.Equal(1, await seller.CorrectAsync());
        Assert.Equal("200", await seller.ScalarAsync("select sum(accrued) from billing.pending_charge"));
    }

    [Fact]
    public async Task A_subscription_that_has_ended_gets_an_invoice_of_its_own()
    {
        await using Seller seller = await Seller.OpenAsync(engines);
        string id = await seller.SubscribeAsync("acme");
        await seller.BillAsync();
        seller.Set("2026-01-31T00:00:00Z");
        await seller.PostAsync($"/v1/subscriptions/{id}/cancel", "{}");
        await seller.SealAsync("2026-02-01");
        seller.Set("2026-02-01T00:10:00Z");
        await seller.BillAsync();
        await seller.UseAsync("acme", "2026-01-20", "4");
        await seller.SealAsync("2026-02-02");
        Assert.Equal(1, await seller.CorrectAsync());
        Assert.Contains("open: calls 4.00 = 4.40", await seller.InvoicesAsync("acme"));
        await seller.BooksBalanceAsync();
    }

    [Fact]
    public async Task A_backdated_change_of_a_billed_period_is_corrected()
    {
        await using Seller seller = await JanuaryAsync("12");
        string id = await seller.ScalarAsync("select id from billing.subscription");
        await seller.PostAsync($"/v1/subscriptions/{id}/change", """{"plan":"pro","at":"2026-01-16T00:00:00Z"}""");
        Assert.Equal(1, await seller.CorrectAsync());
        Assert.Equal("1549", await seller.ScalarAsync("select sum((charge ->> 'amount')::numeric * 100)::bigint from billing.pending_charge where charge ->> 'component' = 'base'")); // 16 of 31 days of 30 more
        await seller.BooksBalanceAsync();
    }

    [Fact]
    public async Task A_subject_that_turns_out_to_be_a_customers_brings_its_usage_with_it()
    {
        await using Seller seller = await JanuaryAsync("12");
        await seller.UseAsync("robot", "2026-01-12", "4");
        await seller.SealAsync("2026-02-02");
        Assert.Equal(0, await seller.CorrectAsync());
        await seller.PutAsync("/v1/customers/acme/subjects/robot", "{}");
        Assert.Equal(1, await seller.CorrectAsync());
        Assert.Equal("200", await seller.ScalarAsync("select sum(accrued) from billing.pending_charge"));
    }

    [Fact]
    public async Task The_end_of_a_subject_looks_at_no_period_before_it()
    {
        await using Seller seller = await JanuaryAsync("12");
        await seller.SealAsync("2026-03-01");
        seller.Set("2026-03-01T00:10:00Z");
        await seller.BillAsync();
        Answered gone = await seller.Host.SendAsync("DELETE", "/v1/customers/acme/subjects/acme?at=2026-02-15T00:00:00Z");
        Assert.Equal(204, gone.Status);
        Assert.Equal("2026-02-01", await seller.ScalarAsync("select string_agg(to_char(period_start at time zone 'UTC', 'YYYY-MM-DD'), ', ' order by period_start) from billing.dirty_period"));
    }

    /// <summary>What was sealed before anything was billed is late for nobody.</summary>
    [Fact]
    public async Task Seals_from_before_the_first_invoice_are_passed_over()
    {
        await using Seller seller = await Seller.OpenAsync(engines);
        await seller.SealAsync("2025-12-01");
        await seller.SealAsync("2025-12-02");
        await seller.CorrectAsync();
        Assert.Equal(2, await LateUsageMark.FindAsync(seller.Postgres, TestContext.Current.CancellationToken));
    }

    /// <summary>January with so many calls, billed on the first of February.</summary>
    private async Task<Seller> JanuaryAsync(string calls, string plan = "basic")
    {
        Seller seller = await Seller.OpenAsync(engines);
        await seller.SubscribeAsync("acme", plan);
        await seller.BillAsync();
        await seller.UseAsync("acme", "2026-01-10", calls);
        await seller.SealAsync("2026-02-01");
        seller.Set("2026-02-01T00:10:00Z");
        Assert.Equal(1, await seller.BillAsync());
        return seller;
    }
}
