using System.Text.Json;
using Metering.BillingCore.Tests.Testing;
using Npgsql;
using Xunit;

namespace Metering.BillingCore.Tests.Runs;

/// <summary>Corrections of invoices that nobody expects to be paid: 30 for February and 12 calls of January at 11, with 10 % tax 45.10.</summary>
public sealed class WrittenOffTests(Engines engines)
{
    [Fact]
    public async Task A_correction_takes_off_the_bad_debt_what_was_never_paid()
    {
        await using Seller seller = await WrittenOffAsync();
        await VoidCallsAsync(seller, "4");
        Assert.Equal("330 330 0", await NoteAsync(seller)); // 3 and its tax
        Assert.Equal("uncollectible 0 330 4180", await InvoiceAsync(seller));
        Assert.Equal("BadDebt 4180, Receivable 3300", await BalancesAsync(seller));
        await IsCleanAsync(seller);
    }

    [Fact]
    public async Task Only_what_was_paid_before_the_write_off_becomes_the_customers_credit()
    {
        await using Seller seller = await WrittenOffAsync(paid: "40");
        Assert.Equal("uncollectible 4000 0 510", await InvoiceAsync(seller));
        await VoidCallsAsync(seller, "12");
        Assert.Equal("1210 510 700", await NoteAsync(seller));
        Assert.Equal("paid 4000 510 0", await InvoiceAsync(seller));
        Assert.Equal("CustomerCredit 700, Receivable 3300", await BalancesAsync(seller));
        await IsCleanAsync(seller);
    }

    [Fact]
    public async Task What_is_paid_after_it_recovers_what_the_correction_left_of_the_bad_debt()
    {
        await using Seller seller = await WrittenOffAsync();
        await VoidCallsAsync(seller, "4");
        await PayAsync(seller, "10", "some");
        Assert.Equal("uncollectible 1000 330 3180", await InvoiceAsync(seller));
        Assert.Equal("BadDebt 3180, Receivable 3300", await BalancesAsync(seller));
        await PayAsync(seller, "35.10", "the rest");
        Assert.Equal("paid 4180 330 0", await InvoiceAsync(seller));
        Assert.Equal("CustomerCredit 330, Receivable 3300", await BalancesAsync(seller));
        await IsCleanAsync(seller);
    }

    [Fact]
    public async Task A_correction_after_the_recovery_gives_the_customer_what_was_paid()
    {
        await using Seller seller = await WrittenOffAsync();
        await PayAsync(seller, "45.10", "all");
        await VoidCallsAsync(seller, "4");
        Assert.Equal("330 0 330", await NoteAsync(seller));
        Assert.Equal("CustomerCredit 330, Receivable 3300", await BalancesAsync(seller));
        await IsCleanAsync(seller);
    }

    /// <summary>It would ask for what nobody expects any more; the correction run would give it back again anyway.</summary>
    [Fact]
    public async Task A_note_that_took_off_the_bad_debt_stays()
    {
        await using Seller seller = await WrittenOffAsync();
        await VoidCallsAsync(seller, "4");
        await PayAsync(seller, "41.80", "the rest");
        string note = await seller.ScalarAsync("select id from billing.credit_note");
        Answered refused = await seller.Host.SendAsync("POST", $"/v1/credit-notes/{note}/void", """{"reason":"a mistake"}""");
        Assert.Equal(409, refused.Status);
        Assert.Contains("written off", refused.Text, StringComparison.Ordinal);
        await IsCleanAsync(seller);
    }

    [Fact]
    public async Task A_subscription_that_cannot_be_corrected_is_named_and_keeps_no_other_from_it()
    {
        await using Seller seller = await Seller.OpenAsync(engines);
        string[] customers = ["acme", "beta", "core"];
        Dictionary<string, string> ids = [];
        foreach (string customer in customers)
        {
            ids.Add(customer, await seller.SubscribeAsync(customer));
        }

        await seller.BillAsync();
        foreach (string customer in customers)
        {
            await seller.UseAsync(customer, "2026-01-10", "12");
        }

        await seller.SealAsync("2026-02-01");
        seller.Set("2026-02-01T00:10:00Z");
        await seller.BillAsync();
        foreach (string customer in customers)
        {
            await seller.UseAsync(customer, "2026-01-10", "-4", kind: "void");
        }

        await seller.SealAsync("2026-02-02");
        await using (NpgsqlCommand breaks = seller.Postgres.Source.CreateCommand("alter table billing.credit_note add constraint broken check (customer <> 'beta')"))
        {
            await breaks.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        }

        JsonElement run = await seller.PostAsync("/v1/correction-runs", "{}");
        Assert.Equal(2, run.GetProperty("corrected").GetInt32());
        Assert.Equal([ids["beta"]], run.GetProperty("failed").EnumerateArray().Select(one => one.GetString()));
        Assert.Equal("acme core", await seller.ScalarAsync("select string_agg(customer, ' ' order by customer) from billing.credit_note"));
        await using (NpgsqlCommand mends = seller.Postgres.Source.CreateCommand("alter table billing.credit_note drop constraint broken"))
        {
            await mends.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        }

        Assert.Equal(1, await seller.CorrectAsync());
        Assert.Equal("acme beta core", await seller.ScalarAsync("select string_agg(customer, ' ' order by customer) from billing.credit_note"));
        await IsCleanAsync(seller);
    }

    /// <summary>January was billed, some of it paid, and the rest written off.</summary>
    private async Task<Seller> WrittenOffAsync(string? paid = null)
    {
        Seller seller = await Seller.OpenAsync(engines);
        await seller.SubscribeAsync("acme");
        await seller.BillAsync();
        await seller.UseAsync("acme", "2026-01-10", "12");
        await seller.SealAsync("2026-02-01");
        seller.Set("2026-02-01T00:10:00Z");
        Assert.Equal(1, await seller.BillAsync());
        if (paid is not null)
        {
            await PayAsync(seller, paid, "before");
        }

        await seller.PostAsync($"/v1/invoices/{await IdAsync(seller)}/write-off", """{"reason":"insolvent"}""");
        await IsCleanAsync(seller);
        return seller;
    }

    private static async Task VoidCallsAsync(Seller seller, string calls)
    {
        await seller.UseAsync("acme", "2026-01-10", $"-{calls}", kind: "void");
        await seller.SealAsync("2026-02-02");
        Assert.Equal(1, await seller.CorrectAsync());
        Assert.Equal(0, await seller.CorrectAsync());
    }

    private static async Task PayAsync(Seller seller, string amount, string reference) =>
        await seller.PostAsync($"/v1/invoices/{await IdAsync(seller)}/payments", $$"""{"reference":"{{reference}}","amount":"{{amount}}"}""");

    private static Task<string> IdAsync(Seller seller) => seller.ScalarAsync("select id from billing.invoice where due_at = '2026-02-01'");

    private static Task<string> InvoiceAsync(Seller seller) => seller.ScalarAsync("select concat_ws(' ', state, paid, credited, remaining) from billing.invoice where due_at = '2026-02-01'");

    /// <summary>Its total, what of it was taken off what was not paid, and what became the customer's credit.</summary>
    private static Task<string> NoteAsync(Seller seller) => seller.ScalarAsync("select concat_ws(' ', total, reduced, rest) from billing.credit_note");

    private static Task<string> BalancesAsync(Seller seller) => seller.ScalarAsync(
        """
        select string_agg(kind || ' ' || amount, ', ' order by kind) from (
          select a.kind, abs(sum(e.amount)) as amount
          from billing.ledger_entry e join billing.ledger_account a on a.tenant_id = e.tenant_id and a.id = e.account
          where a.kind in ('Receivable', 'BadDebt', 'CustomerCredit') group by a.kind) as sums where amount <> 0
        """);

    /// <summary>The books balance, and hold as bad debt what written-off invoices ask for; all invoices are what their inputs make them.</summary>
    private static async Task IsCleanAsync(Seller seller)
    {
        await seller.BooksBalanceAsync();
        Assert.Equal(
            await seller.ScalarAsync("select coalesce(sum(remaining), 0) from billing.invoice where state = 'uncollectible'"),
            await seller.ScalarAsync("select coalesce(sum(e.amount), 0) from billing.ledger_entry e join billing.ledger_account a on a.tenant_id = e.tenant_id and a.id = e.account where a.kind = 'BadDebt'"));
        JsonElement verified = (await seller.Host.SendAsync("GET", "/v1/invoices/verify?from_history=true")).Json.GetProperty("items");
        Assert.All(verified.EnumerateArray(), one => Assert.Equal("same", one.GetProperty("result").GetString()));
    }
}
