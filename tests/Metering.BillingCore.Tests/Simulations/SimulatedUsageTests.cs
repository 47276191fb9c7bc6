using System.Text.Json;
using Metering.Aggregator.Engine.Meters;
using Metering.BillingCore.Tests.Testing;
using Xunit;

namespace Metering.BillingCore.Tests.Simulations;

/// <summary>Which usage is priced: of when, of whom, aggregated how, and as of which seal. All amounts are computed by hand.</summary>
public sealed class SimulatedUsageTests(Engines engines)
{
    [Theory]
    [InlineData("SUM", "25.00 37.50 12.50")]            // 12.5
    [InlineData("COUNT", "6.00 9.00 3.00")]
    [InlineData("MIN", "6.00 9.00 3.00")]
    [InlineData("MAX", "11.00 16.50 5.50")]             // 5.5
    [InlineData("AVG", "8.33 12.50 4.17")]              // 4.166666666667
    [InlineData("LATEST", "8.00 12.00 4.00")]           // 4
    [InlineData("UNIQUE_COUNT", "6.00 9.00 3.00")]
    public async Task Every_aggregation_is_over_the_whole_period_and_without_what_was_voided(string name, string amounts)
    {
        await using BillingHost host = await BillingHost.StartAsync(engines);
        Assert.True(AggregationName.TryParse(name, out Aggregation aggregation));
        int revision = await engines.AddMeterAsync(host.Tenant, "usage", aggregation);
        await host.AddBookAsync(Simulated.PerUnit("usage", "2"), Simulated.PerUnit("usage", "3"));
        Sent mistake = new("acme", "15 12:00:00", "100");
        await engines.AddWindowsAsync(
            host.Tenant, revision, aggregation,
            new Sent("acme", "10 08:00:10", "3"), new Sent("acme", "11 08:00:00", "5.5", "large"), new Sent("acme", "12 23:59:59.9999999", "4"), mistake, mistake with { Kind = "void" });

        Assert.Equal([$"acme {amounts}"], Simulated.Rows(await host.SimulateAsync()));
    }

    [Fact]
    public async Task The_period_begins_with_its_first_minute_and_ends_before_its_end()
    {
        await using BillingHost host = await SummingAsync(
            new Sent("acme", "09 23:59:59", "1000"), new Sent("acme", "10 00:00:00", "1"), new Sent("acme", "19 23:59:59.9999999", "10"), new Sent("acme", "20 00:00:00", "100"));

        Assert.Equal(["acme 22.00 33.00 11.00"], Simulated.Rows(await host.SimulateAsync()));
    }

    [Fact]
    public async Task Usage_is_as_of_the_newest_seal_or_the_one_that_is_named()
    {
        Sent early = new("acme", "11 00:00:00", "7");
        await using BillingHost host = await SummingAsync(early, new Sent("acme", "12 00:00:00", "5", Seal: 2), early with { Kind = "void", Seal = 2 });

        JsonElement newest = await host.SimulateAsync();
        Assert.Equal(["acme 10.00 15.00 5.00"], Simulated.Rows(newest));
        Assert.Equal("""{"number":2,"upto":"2024-02-01T00:00:00Z","complete":true}""", newest.GetProperty("seal").GetRawText());
        Assert.Equal(["acme 14.00 21.00 7.00"], Simulated.Rows(await host.SimulateAsync(""","seal":1""")));
        Answered unknown = await host.SendAsync("POST", "/v1/simulations", Simulated.Request(""","seal":99"""));
        Assert.Equal(409, unknown.Status);
    }

    [Fact]
    public async Task A_period_that_is_not_sealed_to_its_end_says_so()
    {
        await using BillingHost host = await SummingAsync(new Sent("acme", "31 00:00:00", "7"));
        JsonElement answer = await host.OkAsync("POST", "/v1/simulations", Simulated.Request().Replace("2024-01-20", "2024-02-20", StringComparison.Ordinal));

        Assert.False(answer.GetProperty("seal").GetProperty("complete").GetBoolean());
        Assert.Equal(["acme 14.00 21.00 7.00"], Simulated.Rows(answer));
    }

    [Fact]
    public async Task A_component_takes_only_what_its_filter_lets_through()
    {
        const string Small = ""","filter":[{"property":"model","values":["small","tiny"]}]""";
        await using BillingHost host = await BillingHost.StartAsync(engines);
        int revision = await engines.AddMeterAsync(host.Tenant, "usage");
        await host.AddBookAsync(Simulated.PerUnit("usage", "2", Small), Simulated.PerUnit("usage", "2"));
        await engines.AddWindowsAsync(
            host.Tenant, revision, Aggregation.Sum, new Sent("acme", "11 00:00:00", "1"), new Sent("acme", "11 00:00:00", "10", "tiny"), new Sent("acme", "11 00:00:00", "100", "large"));

        Assert.Equal(["acme 22.00 222.00 200.00"], Simulated.Rows(await host.SimulateAsync()));
    }

    [Fact]
    public async Task A_matrix_has_a_quantity_for_each_cell()
    {
        const string Matrix = """
            {"key":"usage","meter":"usage","price":{"model":"matrix","dimensions":["model"],"cells":[{"key":{"model":"large"},"component":{"model":"per_unit","unit":"5"}}],"default":{"model":"per_unit","unit":"1"}}}
            """;
        await using BillingHost host = await BillingHost.StartAsync(engines);
        int revision = await engines.AddMeterAsync(host.Tenant, "usage");
        await host.AddBookAsync(Matrix, Matrix.Replace("\"default\":{\"model\":\"per_unit\",\"unit\":\"1\"}", "\"unknown\":\"hold\"", StringComparison.Ordinal));
        await engines.AddWindowsAsync(
            host.Tenant, revision, Aggregation.Sum,
            new Sent("acme", "11 00:00:00", "2", "large"), new Sent("acme", "12 00:00:00", "4", "large"), new Sent("globex", "11 00:00:00", "3", "large"), new Sent("acme", "11 00:00:00", "0.5", "other"));

        JsonElement answer = await host.SimulateAsync();
        Assert.Equal("acme: usage.cells[1].key: held: no cell has a price for model=other, and there is no default", Simulated.Rows(answer)[0]);
        Assert.Equal("globex 15.00 15.00 0.00", Simulated.Rows(answer)[1]);
        Assert.Equal((1, 1), (answer.GetProperty("totals").GetProperty("customers").GetInt32(), answer.GetProperty("totals").GetProperty("refused").GetInt32()));
    }

    [Fact]
    public async Task A_percentage_takes_the_events_that_the_seal_has_counted_in_their_order()
    {
        await using BillingHost host = await PercentageAsync();
        Sent late = new("acme", "10 00:00:00.0000001", "40", Id: "late", Seal: 2);
        Sent voided = new("acme", "12 00:00:00", "1000", Id: "voided");
        Sent amended = new("acme", "13 00:00:00", "500", Id: "amended");
        await engines.AddEventsAsync(
            host.Tenant, new Sent("acme", "14 00:00:00", "200"), new Sent("acme", "11 00:00:00", "100"), voided, voided with { Kind = "void" }, amended,
            amended with { Kind = "amend", Value = "60" }, late, new Sent("acme", "20 00:00:00", "9999"));
        await SeedWindowsAsync(host, "acme");

        // Old: 10 % and 1 an event; new: 5 % and the first event free. Seal 1 knows 100, 60 and 200; seal 2 puts 40 before them.
        Assert.Equal(["acme 39.00 13.00 -26.00"], Simulated.Rows(await host.SimulateAsync(""","seal":1""")));
        JsonElement newest = await host.SimulateAsync(""","explain":true""");
        Assert.Equal(["acme 44.00 18.00 -26.00"], Simulated.Rows(newest));
        JsonElement steps = newest.GetProperty("items")[0].GetProperty("components")[0].GetProperty("new").GetProperty("explanation");
        Assert.Equal(["test/late", "test/acme-11 00:00:00-100-small", "test/amended", "test/acme-14 00:00:00-200-small"], steps.EnumerateArray().Take(4).Select(step => Simulated.Text(step, "id")));
    }

    [Fact]
    public async Task A_customer_with_too_many_events_for_a_percentage_has_no_price_and_the_others_have()
    {
        await using BillingHost host = await PercentageAsync(("MaxSimulatedEvents", "2"));
        await engines.AddEventsAsync(
            host.Tenant, new Sent("acme", "11 00:00:00", "1"), new Sent("acme", "12 00:00:00", "1"), new Sent("acme", "13 00:00:00", "1"),
            new Sent("globex", "11 00:00:00", "10"), new Sent("globex", "12 00:00:00", "10"));
        await SeedWindowsAsync(host, "acme", "globex");

        string[] rows = Simulated.Rows(await host.SimulateAsync());
        Assert.StartsWith("acme: fee: more than 2 events", rows[0], StringComparison.Ordinal);
        Assert.Equal("globex 4.00 0.50 -3.50", rows[1]);
    }

    [Fact]
    public async Task A_percentage_in_a_matrix_prices_the_events_of_its_cell()
    {
        const string Old = """{"key":"fee","meter":"usage","price":{"model":"matrix","dimensions":["model"],"cells":[{"key":{"model":"large"},"component":{"model":"percentage","percent":"10","fixed":"1"}}],"default":{"model":"per_unit","unit":"1"}}}""";
        await using BillingHost host = await BillingHost.StartAsync(engines);
        await engines.AddMeterAsync(host.Tenant, "usage");
        await host.AddBookAsync(Old, Simulated.PerUnit("usage", "1"));
        await engines.AddEventsAsync(
            host.Tenant, new Sent("acme", "11 00:00:00", "10", "large"), new Sent("acme", "12 00:00:00", "20", "large"), new Sent("acme", "12 00:00:00", "2"), new Sent("acme", "13 00:00:00", "3"));
        await SeedWindowsAsync(host, "acme");

        // 1 + 1 and 2 + 1 for the large ones, 2 + 3 for the others; the windows, which the new version reads, say 0.
        Assert.Equal(["acme 10.00 0.00 -10.00"], Simulated.Rows(await host.SimulateAsync()));
    }

    private async Task<BillingHost> SummingAsync(params Sent[] events)
    {
        BillingHost host = await BillingHost.StartAsync(engines);
        int revision = await engines.AddMeterAsync(host.Tenant, "usage");
        await host.AddBookAsync(Simulated.PerUnit("usage", "2"), Simulated.PerUnit("usage", "3"));
        await engines.AddWindowsAsync(host.Tenant, revision, Aggregation.Sum, events);
        return host;
    }

    private async Task<BillingHost> PercentageAsync(params (string Key, string Value)[] settings)
    {
        BillingHost host = await BillingHost.StartAsync(engines, settings);
        await engines.AddMeterAsync(host.Tenant, "usage");
        await host.AddBookAsync(
            """{"key":"fee","meter":"usage","price":{"model":"percentage","percent":"10","fixed":"1"}}""", """{"key":"fee","meter":"usage","price":{"model":"percentage","percent":"5","free_events":1}}""");
        return host;
    }

    /// <summary>Customers are found in the windows; these say nothing else.</summary>
    private async Task SeedWindowsAsync(BillingHost host, params string[] customers)
    {
        await using Npgsql.NpgsqlCommand command = engines.Postgres.Source.CreateCommand($"select mrev from meter_rev where meter_id = '{host.Tenant}-usage'");
        int revision = (int)(await command.ExecuteScalarAsync())!;
        await engines.AddWindowsAsync(host.Tenant, revision, Aggregation.Sum, [.. customers.Select(customer => new Sent(customer, "11 00:00:00", "0"))]);
    }
}
