using System.Text.Json;
using Metering.BillingCore.Tests.Testing;
using Npgsql;
using Xunit;

namespace Metering.BillingCore.Tests.Runs;

/// <summary>Invoices whose inputs are derived again from the history that they name.</summary>
public sealed class VerifyTests(Engines engines)
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Inputs_name_the_history_that_they_were_derived_from()
    {
        await using Seller seller = await Seller.OpenAsync(engines);
        await seller.SubscribeAsync("acme");
        await seller.PutAsync("/v1/customers/acme/subjects/robot", "{}");
        await seller.BillAsync();
        await seller.SealAsync("2026-02-01");
        seller.Set("2026-02-01T00:10:00Z");
        await seller.BillAsync();
        Assert.Equal("1 2 , 1 2 2026-01-01T00:00:00Z", await seller.ScalarAsync(
            "select string_agg((inputs ->> 'history_sequence') || ' ' || (inputs ->> 'mapping_sequence') || ' ' || coalesce(inputs ->> 'billed_to', ''), ', ' order by due_at) from billing.invoice"));
        Assert.Equal("2", await seller.ScalarAsync("select mapping_seq from billing.tenant"));
    }

    /// <summary>Late usage, credits, changes, another zone, a discount, a void and a backdated change: whatever was recorded afterwards, each invoice is derived as it was.</summary>
    [Fact]
    public async Task Every_invoice_of_an_eventful_year_is_derived_again_from_the_history_up_to_it()
    {
        await using Seller seller = await YearAsync();
        JsonElement[] all = [.. (await VerifyAsync(seller, "from_history=true")).EnumerateArray()];
        Assert.True(all.Length > 12, $"only {all.Length} invoices");
        Assert.All(all, one => Assert.Equal("same", one.GetProperty("result").GetString() + (one.TryGetProperty("differences", out JsonElement differences) ? differences.ToString() : "")));
    }

    [Fact]
    public async Task A_history_that_was_tampered_with_is_named_input_by_input()
    {
        await using Seller seller = await Seller.OpenAsync(engines);
        await seller.SubscribeAsync("acme");
        await seller.BillAsync();
        await ExecuteAsync(seller, """
            alter table billing.price_content disable trigger user;
            update billing.price_content set body = replace(body::text, '"30"', '"31"')::json
            """);
        Assert.Equal("same", (await VerifyAsync(seller, ""))[0].GetProperty("result").GetString());
        JsonElement differs = (await VerifyAsync(seller, "from_history=true"))[0];
        Assert.Equal("history_differs", differs.GetProperty("result").GetString());
        JsonElement amount = differs.GetProperty("differences").EnumerateArray().Single(one => one.GetProperty("input").GetString()!.EndsWith(".amount", StringComparison.Ordinal));
        Assert.Matches(@"^charges\[base#[0-9a-f]{16}@20260101T0000 of 2026-01-01T00:00:00Z\]\.amount$", amount.GetProperty("input").GetString()!);
        Assert.Equal(("\"30.00\"", "\"31.00\""), (amount.GetProperty("stored").GetString(), amount.GetProperty("derived").GetString()));
    }

    [Fact]
    public async Task What_an_invoice_from_before_does_not_name_is_not_guessed()
    {
        await using Seller seller = await Seller.OpenAsync(engines);
        await seller.PutAsync("/v1/customers/acme", """{"name":"Acme"}""");
        await seller.PostAsync("/v1/grants", """{"customer":"acme","kind":"paid","amount":"30","currency":"USD","reference":"pack"}""");
        Assert.Equal("same_without_history", (await VerifyAsync(seller, "from_history=true"))[0].GetProperty("result").GetString());
        Assert.Equal(400, (await seller.Host.SendAsync("GET", "/v1/invoices/verify?from_history=maybe")).Status);
    }

    private async Task<Seller> YearAsync()
    {
        Seller seller = await Seller.OpenAsync(engines);
        string acme = await seller.SubscribeAsync("acme");
        string globex = await seller.SubscribeAsync("globex", "pro");
        await seller.PutAsync("/v1/discounts/ten", """{"percent":"10"}""");
        await seller.PostAsync($"/v1/subscriptions/{globex}/discounts", """{"discount":"ten"}""");
        await seller.BillAsync();
        for (int month = 1; month <= 8; month++)
        {
            string day = $"2026-{month:00}-";
            await seller.UseAsync("acme", $"{day}05", "12");
            await seller.UseAsync("globex", $"{day}06", "30");
            seller.Set($"{day}15T00:00:00Z");
            await HappenAsync(seller, month, acme, globex);
            await seller.BillAsync();
            seller.Time.Advance(TimeSpan.FromMinutes(1));
            await seller.SealAsync($"2026-{month + 1:00}-01T12:00:00Z");
            seller.Set($"2026-{month + 1:00}-01T12:10:00Z");
            await seller.BillAsync();
            await seller.UseAsync("acme", $"{day}20", month % 2 == 0 ? "-3" : "4", kind: month % 2 == 0 ? "void" : "use");
            await seller.SealAsync($"2026-{month + 1:00}-02");
            seller.Set($"2026-{month + 1:00}-02T00:10:00Z");
            await seller.CorrectAsync();
        }

        await seller.BooksBalanceAsync();
        return seller;
    }

    private static async Task HappenAsync(Seller seller, int month, string acme, string globex)
    {
        switch (month)
        {
            case 2:
                await seller.PostAsync($"/v1/subscriptions/{acme}/change", """{"plan":"pro"}""");
                await seller.PutAsync("/v1/customers/globex", """{"name":"globex","zone":"America/New_York"}""");
                break;
            case 3:
                await seller.PostAsync($"/v1/subscriptions/{acme}/change", """{"plan":"basic"}""");
                break;
            case 4:
                await seller.PostAsync($"/v1/subscriptions/{globex}/pause", """{"until":"2026-05-10T00:00:00Z"}""");
                await seller.PostAsync($"/v1/subscriptions/{acme}/discounts", """{"discount":"ten"}""");
                break;
            case 5:
                string voided = await seller.ScalarAsync("select id from billing.invoice where customer = 'acme' and kind = 'period' and state = 'open' and paid = 0 and credited = 0 order by due_at desc limit 1");
                await seller.PostAsync($"/v1/invoices/{voided}/void", """{"reason":"address"}""");
                break;
            case 6:
                await seller.PostAsync($"/v1/subscriptions/{globex}/change", """{"plan":"basic","at":"2026-06-03T00:00:00Z"}""");
                break;
            case 7:
                await seller.PostAsync($"/v1/subscriptions/{globex}/cancel", "{}");
                break;
        }
    }

    private static async Task<JsonElement> VerifyAsync(Seller seller, string query)
    {
        Answered answer = await seller.Host.SendAsync("GET", $"/v1/invoices/verify?limit=1000&{query}");
        Assert.True(answer.Status == 200, answer.Text);
        return answer.Json.GetProperty("items");
    }

    private static async Task ExecuteAsync(Seller seller, string sql)
    {
        await using NpgsqlCommand command = seller.Postgres.Source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync(Stop);
    }
}
