using System.Text.Json;
using Metering.Aggregator.Engine.Meters;
using Metering.BillingCore.Tests.Testing;
using Metering.Storage.ClickHouse;
using Xunit;

namespace Metering.BillingCore.Tests.Simulations;

/// <summary>Versions side by side, pages, and what is refused. All amounts are computed by hand.</summary>
public sealed class SimulationTests(Engines engines)
{
    private const string Path = "/v1/simulations";

    [Fact]
    public async Task Both_versions_are_explained_when_asked()
    {
        const string Graduated = """{"key":"usage","meter":"usage","price":{"model":"graduated","tiers":[{"up_to":"10","unit":"1"},{"up_to":null,"unit":"0.5"}]}}""";
        await using BillingHost host = await PreparedAsync(Graduated, Simulated.PerUnit("usage", "0.9"), new Sent("acme", "11 00:00:00", "30"));

        JsonElement answer = await host.SimulateAsync(""","explain":true""");
        Assert.Equal(["acme 20.00 27.00 7.00"], Simulated.Rows(answer));
        Assert.Equal(("published", "draft"), (Simulated.Text(answer.GetProperty("old"), "state"), Simulated.Text(answer.GetProperty("new"), "state")));
        JsonElement old = answer.GetProperty("items")[0].GetProperty("components")[0].GetProperty("old");
        Assert.Equal("""[{"kind":"usage","cell":{},"amount":"20.00","exact":"20"}]""", old.GetProperty("lines").GetRawText());
        Assert.Equal(["10", "10"], old.GetProperty("explanation").EnumerateArray().Take(2).Select(step => Simulated.Text(step, "exact")));
        Assert.False((await host.SimulateAsync()).GetProperty("items")[0].GetProperty("components")[0].GetProperty("old").TryGetProperty("explanation", out _));
    }

    [Fact]
    public async Task A_ClickHouse_that_is_away_is_a_503_and_everything_else_goes_on()
    {
        using ClickHouseDatabase away = new("http://127.0.0.1:1/nowhere");
        await using BillingHost host = await BillingHost.StartAsync(engines, away);
        await host.CreateMeterAsync("usage");
        await host.SendAsync("PUT", "/v1/products/api", """{"name":"API"}""");
        const string Book = """{"currency":"USD","effective_from":"2025-01-01T00:00:00Z","plans":[{"key":"pro","product":"api","phases":[{"key":"main","components":[{"key":"c","meter":"usage","price":{"model":"per_unit","unit":"1"}}]}]}]}""";
        await host.SendAsync("PUT", "/v1/price-books/standard/draft", Book);
        Assert.Equal(200, (await host.SendAsync("POST", "/v1/price-books/standard/versions/1/publish")).Status);
        await host.SendAsync("PUT", "/v1/price-books/standard/draft", Book);
        Answered answer = await host.SendAsync("POST", Path, """{"price_book":"standard","version":2,"against":1,"plan":"pro","period":["2026-01-01T00:00:00Z","2026-02-01T00:00:00Z"]}""");
        Assert.Equal(503, answer.Status);
        Assert.Contains("ClickHouse", answer.Json.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_not_usage_is_for_the_whole_period_and_for_the_seats_given()
    {
        string flat = """{"key":"base","timing":"advance","price":{"model":"flat","amount":"49"}},{"key":"setup","timing":"once","price":{"model":"flat","amount":"500"}}""";
        string seats = """{"key":"seats","price":{"model":"licensed","unit":"12"}}""";
        await using BillingHost host = await PreparedAsync($"{flat},{Simulated.PerUnit("usage", "1")}", $"{seats},{Simulated.PerUnit("usage", "1")}", new Sent("acme", "11 00:00:00", "3"));

        Assert.Equal(["acme 52.00 15.00 -37.00"], Simulated.Rows(await host.SimulateAsync()));
        JsonElement answer = await host.SimulateAsync(""","seats":{"seats":"5"}""");
        Assert.Equal(["acme 52.00 63.00 11.00"], Simulated.Rows(answer));
        JsonElement[] components = [.. answer.GetProperty("items")[0].GetProperty("components").EnumerateArray()];
        Assert.Equal(["base", "usage", "seats"], components.Select(one => Simulated.Text(one, "component")));
        Assert.Equal((JsonValueKind.Null, "-49.00"), (components[0].GetProperty("new").ValueKind, Simulated.Text(components[0], "difference")));
        Answered half = await host.SendAsync("POST", Path, Simulated.Request(""","seats":{"seats":"2.5"}"""));
        Assert.Equal(["acme: seats.quantity: must be whole seats"], Simulated.Rows(half.Json));
    }

    [Fact]
    public async Task Prices_without_usage_find_no_customers_and_price_those_that_are_named()
    {
        await using BillingHost host = await PreparedAsync(
            """{"key":"base","price":{"model":"flat","amount":"49"}}""", """{"key":"base","price":{"model":"flat","amount":"59"}}""", new Sent("acme", "11 00:00:00", "3"));

        Assert.Empty(Simulated.Rows(await host.SimulateAsync()));
        Assert.Equal(["acme 49.00 59.00 10.00"], Simulated.Rows(await host.SimulateAsync(""","customers":["acme"]""")));
    }

    [Fact]
    public async Task A_commitment_that_is_not_met_is_trued_up()
    {
        await using BillingHost host = await PreparedAsync(
            Simulated.PerUnit("usage", "2"), Simulated.PerUnit("usage", "10"), """{"key":"least","amount":"50","components":["usage"]}""", new Sent("acme", "11 00:00:00", "8"));

        JsonElement item = (await host.SimulateAsync()).GetProperty("items")[0];
        Assert.Equal("50.00 80.00 30.00", Simulated.Amounts(item));
        Assert.Equal("""{"old":[{"commitment":"least","amount":"34.00"}],"new":[]}""", item.GetProperty("true_ups").GetRawText());
    }

    [Fact]
    public async Task An_override_of_the_customer_applies_to_both_versions()
    {
        await using BillingHost host = await PreparedAsync(
            Simulated.PerUnit("usage", "2"), $"{Simulated.PerUnit("usage", "3")},{{\"key\":\"base\",\"price\":{{\"model\":\"flat\",\"amount\":\"7\"}}}}",
            new Sent("acme", "11 00:00:00", "10"), new Sent("globex", "11 00:00:00", "10"));
        const string Override = """{"customer":"acme","price_book":"book","plan":"pro","component":"usage","valid_from":"2024-01-01T00:00:00Z","price":{"model":"per_unit","unit":"1"}}""";
        await host.OkAsync("PUT", "/v1/overrides/acme-usage", Override);
        Assert.Equal(["acme 10.00 17.00 7.00", "globex 20.00 37.00 17.00"], Simulated.Rows(await host.SimulateAsync()));

        await host.OkAsync("PUT", "/v1/overrides/acme-usage", Override.Replace("2024-01-01", "2024-01-11", StringComparison.Ordinal));
        Assert.Equal("acme 20.00 37.00 17.00", Simulated.Rows(await host.SimulateAsync())[0]);
    }

    [Fact]
    public async Task Pages_follow_one_another_without_gap_and_totals_are_those_of_the_answer()
    {
        Sent[] events = [.. Enumerable.Range(1, 7).Select(number => new Sent($"c{number}", "11 00:00:00", number.ToString(System.Globalization.CultureInfo.InvariantCulture)))];
        await using BillingHost host = await PreparedAsync(Simulated.PerUnit("usage", "2"), Simulated.PerUnit("usage", "3"), events);

        List<string> customers = [];
        List<string> totals = [];
        string? cursor = null;
        do
        {
            JsonElement page = await host.SimulateAsync($",\"limit\":3,\"cursor\":{(cursor is null ? "null" : $"\"{cursor}\"")}");
            customers.AddRange(page.GetProperty("items").EnumerateArray().Select(item => Simulated.Text(item, "customer")));
            totals.Add(Simulated.Amounts(page.GetProperty("totals")));
            cursor = page.GetProperty("next_cursor").GetString();
        }
        while (cursor is not null);
        Assert.Equal(events.Select(one => one.Customer), customers);
        Assert.Equal(["12.00 18.00 6.00", "30.00 45.00 15.00", "14.00 21.00 7.00"], totals);

        JsonElement all = await host.SimulateAsync(""","limit":0""");
        Assert.Equal("56.00 84.00 28.00", Simulated.Amounts(all.GetProperty("totals")));
        Assert.Equal("56.00 84.00 28.00", Simulated.Amounts(all.GetProperty("totals").GetProperty("components")[0]));
        Assert.Empty(all.GetProperty("items").EnumerateArray());
    }

    [Fact]
    public async Task Customers_that_are_named_are_priced_with_or_without_usage_in_the_order_of_their_keys()
    {
        await using BillingHost host = await PreparedAsync(
            Simulated.PerUnit("usage", "2"), """{"key":"base","price":{"model":"flat","amount":"7"}}""", new Sent("acme", "11 00:00:00", "10"), new Sent("globex", "11 00:00:00", "10"));

        JsonElement first = await host.SimulateAsync(""","customers":["zeta","acme","new"],"limit":2""");
        Assert.Equal(["acme 20.00 7.00 -13.00", "new 0.00 7.00 7.00"], Simulated.Rows(first));
        JsonElement rest = await host.SimulateAsync($",\"customers\":[\"zeta\",\"acme\",\"new\"],\"limit\":2,\"cursor\":\"{Simulated.Text(first, "next_cursor")}\"");
        Assert.Equal(["zeta 0.00 7.00 7.00"], Simulated.Rows(rest));
        Assert.Equal(JsonValueKind.Null, rest.GetProperty("next_cursor").ValueKind);
        Assert.True(rest.GetProperty("items")[0].GetProperty("components")[0].GetProperty("old").GetProperty("no_usage").GetBoolean());
    }

    [Fact]
    public async Task Another_tenant_sees_neither_prices_nor_usage()
    {
        await using BillingHost host = await PreparedAsync(Simulated.PerUnit("usage", "2"), Simulated.PerUnit("usage", "3"), new Sent("acme", "11 00:00:00", "10"));
        await using BillingHost other = await BillingHost.StartAsync(engines);
        Assert.Equal(404, (await other.SendAsync("POST", Path, Simulated.Request())).Status);

        await engines.AddMeterAsync(other.Tenant, "usage");
        await other.AddBookAsync(Simulated.PerUnit("usage", "2"), Simulated.PerUnit("usage", "3"));
        Assert.Empty(Simulated.Rows(await other.SimulateAsync()));
        Assert.Equal(["acme 0.00 0.00 0.00"], Simulated.Rows(await other.SimulateAsync(""","customers":["acme"]""")));
        Assert.Equal(["acme 20.00 30.00 10.00"], Simulated.Rows(await host.SimulateAsync()));
    }

    [Fact]
    public async Task What_does_not_exist_is_refused_by_name()
    {
        await using BillingHost host = await PreparedAsync(Simulated.PerUnit("usage", "2"), Simulated.PerUnit("usage", "3"));
        string request = Simulated.Request();
        async Task<(int, string)> RefusedAsync(string from, string to)
        {
            Answered answer = await host.SendAsync("POST", Path, request.Replace(from, to, StringComparison.Ordinal));
            return (answer.Status, Simulated.Text(answer.Json, "detail"));
        }

        Assert.Equal((404, "Price book 'book' has no version 9."), await RefusedAsync("\"version\":2", "\"version\":9"));
        Assert.Equal((404, "Price book 'nook' has no version 2."), await RefusedAsync("\"book\"", "\"nook\""));
        Assert.Equal((404, "Version 2 of price book 'book' has no plan 'team'."), await RefusedAsync("\"pro\"", "\"team\""));
        Assert.Equal((422, "version: is required"), await RefusedAsync("\"version\":2,", ""));
        Assert.Equal((422, "period[0]: must be a whole minute"), await RefusedAsync("10T00:00:00Z", "10T00:00:01Z"));
        Assert.Equal((422, "period: must end after it begins"), await RefusedAsync("2024-01-20", "2024-01-10"));
        Assert.Equal((422, "period[0]: must be in the years 2000 to 2105: there is no usage outside them"), await RefusedAsync("2024-01-10", "1924-01-10"));
        Assert.Equal((422, "against: must be another version than the one that is tried out"), await RefusedAsync("\"version\":2", "\"version\":2,\"against\":2"));
        Assert.Equal((422, "against: is required: no other published version was effective when the period began"), await RefusedAsync("2024-01-10", "2023-01-10"));
        Assert.Equal((422, "limit: must be a JSON integer from 0 to 100"), await RefusedAsync("\"version\":2", "\"version\":2,\"explain\":true,\"limit\":101"));
    }

    [Fact]
    public async Task There_is_no_difference_between_currencies()
    {
        await using BillingHost host = await PreparedAsync(Simulated.PerUnit("usage", "2"), Simulated.PerUnit("usage", "3"));
        string draft = (await host.SendAsync("GET", "/v1/price-books/book/versions/2/plans/pro")).Text;
        await host.OkAsync("PUT", "/v1/price-books/book/draft", $$"""{"currency":"EUR","effective_from":"2024-01-01T00:00:00Z","plans":[{{draft}}]}""");

        Assert.Equal(422, (await host.SendAsync("POST", Path, Simulated.Request())).Status);
    }

    private Task<BillingHost> PreparedAsync(string old, string @new, params Sent[] events) => PreparedAsync(old, @new, "", events);

    private async Task<BillingHost> PreparedAsync(string old, string @new, string commitments, params Sent[] events)
    {
        BillingHost host = await BillingHost.StartAsync(engines);
        int revision = await engines.AddMeterAsync(host.Tenant, "usage");
        await host.AddBookAsync(old, @new, commitments);
        await engines.AddWindowsAsync(host.Tenant, revision, Aggregation.Sum, events);
        return host;
    }
}
