using System.Text.Json;
using Metering.BillingCore.Tests.Runs;
using Metering.BillingCore.Tests.Testing;
using Metering.BillingCore.Tests.Unbilled;
using Xunit;

namespace Metering.BillingCore.Tests.Invoices;

/// <summary>From a line back to the events that it counted, as it counted them.</summary>
public sealed class LineEventTests(Engines engines)
{
    [Fact]
    public async Task A_usage_line_leads_to_its_events_whatever_is_recorded_later()
    {
        await using Seller seller = await Seller.OpenAsync(engines);
        string subscription = await seller.SubscribeAsync("acme");
        await seller.PutAsync("/v1/customers/acme/subjects/app", """{"from":"2026-01-15T00:00:00Z"}""");
        await seller.SendAsync("a", "acme", "2026-01-10", "5");
        await seller.SendAsync("early", "app", "2026-01-14T23:59:59Z", "100");
        await seller.SendAsync("b", "app", "2026-01-15", "3.5", "large");
        await seller.SendAsync("c", "acme", "2026-01-31T23:59:59Z", "3.5");
        await seller.SendAsync("next", "acme", "2026-02-01", "100");
        (string invoice, int line) = await BilledAsync(seller);
        await seller.SendAsync("late", "acme", "2026-01-11", "100");
        await seller.SealAsync("2026-03-01");
        seller.Set("2026-02-02T00:10:00Z");
        await seller.Host.SendAsync("DELETE", "/v1/customers/acme/subjects/app?at=2026-01-16T00:00:00Z");
        await seller.PostAsync($"/v1/subscriptions/{subscription}/cancel", "{}");

        JsonElement all = await EventsAsync(seller, invoice, line);
        Assert.Equal("12 12 3 3 True", Totals(all));
        Assert.Equal(["a acme 2026-01-10T00:00:00Z 5 small", "b app 2026-01-15T00:00:00Z 3.5 large", "c acme 2026-01-31T23:59:59Z 3.5 small"], Rows(all));
        Assert.False(all.TryGetProperty("note", out _));

        JsonElement first = await EventsAsync(seller, invoice, line, "?limit=2");
        JsonElement second = await EventsAsync(seller, invoice, line, $"?limit=2&cursor={first.GetProperty("next_cursor").GetString()}");
        Assert.Equal(Rows(all), Rows(first).Concat(Rows(second)));
        Assert.Null(second.GetProperty("next_cursor").GetString());
    }

    [Fact]
    public async Task A_line_of_a_cell_has_the_events_of_the_cell()
    {
        await using Seller seller = await Seller.OpenAsync(engines);
        await UnbilledWorld.SellAsync(seller);
        await seller.SubscribeAsync("acme", "cells", book: "mixed");
        await seller.SendAsync("a", "acme", "2026-01-10", "5");
        await seller.SendAsync("b", "acme", "2026-01-11", "7", "large");
        (string invoice, int line) = await BilledAsync(seller);
        JsonElement[] both = [await EventsAsync(seller, invoice, line), await EventsAsync(seller, invoice, line + 1)];
        Assert.Equal(["7 7 1 1 True", "5 5 1 1 True"], both.Select(Totals));
        Assert.Equal([["b acme 2026-01-11T00:00:00Z 7 large"], ["a acme 2026-01-10T00:00:00Z 5 small"]], both.Select(one => Rows(one).ToArray()));
    }

    [Fact]
    public async Task Events_that_are_not_kept_any_more_are_said_to_be_gone()
    {
        await using Seller seller = await Seller.OpenAsync(engines);
        await seller.SubscribeAsync("acme");
        await seller.SendAsync("a", "acme", "2026-01-10", "5");
        await seller.SendAsync("b", "acme", "2026-01-11", "7");
        (string invoice, int line) = await BilledAsync(seller);
        await seller.ClickHouse.ExecuteAsync("ALTER TABLE usage_raw DELETE WHERE id = 'a' SETTINGS mutations_sync = 2", TestContext.Current.CancellationToken);
        JsonElement events = await EventsAsync(seller, invoice, line);
        Assert.Equal("12 12 2 1 True", Totals(events));
        Assert.Equal("1 of the 2 events are not stored any more: raw events are kept for a limited time. The windows that counted them are kept.", events.GetProperty("note").GetString());
    }

    /// <summary>Windows are never changed; if somebody did, the line says so.</summary>
    [Fact]
    public async Task A_line_that_differs_from_what_was_counted_says_so()
    {
        await using Seller seller = await Seller.OpenAsync(engines);
        await seller.SubscribeAsync("acme");
        await seller.SendAsync("a", "acme", "2026-01-10", "5");
        (string invoice, int line) = await BilledAsync(seller);
        await seller.ClickHouse.ExecuteAsync("ALTER TABLE usage_window UPDATE s = 6 WHERE s = 5 SETTINGS mutations_sync = 2", TestContext.Current.CancellationToken);
        Assert.Equal("5 6 1 1 False", Totals(await EventsAsync(seller, invoice, line)));
    }

    [Fact]
    public async Task Only_usage_lines_have_events_and_only_a_served_page_links_to_them()
    {
        await using Seller seller = await Seller.OpenAsync(engines);
        await seller.SubscribeAsync("acme");
        await seller.SendAsync("a", "acme", "2026-01-10", "5");
        (string invoice, int line) = await BilledAsync(seller);
        int other = line == 1 ? 2 : 1;
        Assert.Equal(404, (await seller.Host.SendAsync("GET", $"/v1/invoices/{invoice}/lines/{other}/events")).Status);
        Assert.Equal(404, (await seller.Host.SendAsync("GET", $"/v1/invoices/{invoice}/lines/9/events")).Status);
        Assert.Equal(400, (await seller.Host.SendAsync("GET", $"/v1/invoices/{invoice}/lines/{line}/events?cursor=eA")).Status);
        string link = $"<a href=\"lines/{line}/events\">";
        string served = (await seller.Host.SendAsync("GET", $"/v1/invoices/{invoice}/html")).Text;
        Assert.Contains(link, served, StringComparison.Ordinal);
        Assert.DoesNotContain($"lines/{other}/events", served, StringComparison.Ordinal);
        Assert.DoesNotContain("<a ", (await seller.Host.SendAsync("GET", $"/v1/invoices/{invoice}/html?standalone=true")).Text, StringComparison.Ordinal);
        Assert.Equal(400, (await seller.Host.SendAsync("GET", $"/v1/invoices/{invoice}/html?standalone=maybe")).Status);
    }

    /// <summary>The invoice of January, and its first usage line. The link leads from the line.</summary>
    private static async Task<(string Invoice, int Line)> BilledAsync(Seller seller)
    {
        await seller.SealAsync("2026-02-01");
        seller.Set("2026-02-01T00:10:00Z");
        await seller.BillAsync();
        string id = await seller.ScalarAsync("select invoice from billing.invoice_line where kind = 'usage' limit 1");
        JsonElement[] lines = [.. (await seller.Host.SendAsync("GET", $"/v1/invoices/{id}")).Json.GetProperty("lines").EnumerateArray()];
        int number = lines.First(line => line.GetProperty("kind").GetString() == "usage").GetProperty("n").GetInt32();
        Assert.All(lines, line => Assert.Equal(line.GetProperty("kind").GetString() == "usage", line.TryGetProperty("events", out _)));
        Assert.Equal($"/v1/invoices/{id}/lines/{number}/events", lines[number - 1].GetProperty("events").GetString());
        return (id, number);
    }

    private static async Task<JsonElement> EventsAsync(Seller seller, string invoice, int line, string query = "")
    {
        Answered answer = await seller.Host.SendAsync("GET", $"/v1/invoices/{invoice}/lines/{line}/events{query}");
        Assert.True(answer.Status == 200, answer.Text);
        return answer.Json;
    }

    /// <summary>Quantity of the line, quantity and events of the windows, events that are stored, and whether all agrees.</summary>
    private static string Totals(JsonElement answer)
    {
        JsonElement counted = answer.GetProperty("counted");
        return $"{answer.GetProperty("quantity").GetString()} {counted.GetProperty("quantity").GetString()} {counted.GetProperty("events")} {answer.GetProperty("stored")} {answer.GetProperty("agrees").GetBoolean()}";
    }

    private static IEnumerable<string> Rows(JsonElement answer) => answer.GetProperty("items").EnumerateArray().Select(one =>
        $"{one.GetProperty("id").GetString()} {one.GetProperty("subject").GetString()} {one.GetProperty("time").GetString()} {one.GetProperty("value").GetString()} {one.GetProperty("dimensions").GetProperty("model").GetString()}");
}
