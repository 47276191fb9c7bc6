using System.Net.Http.Headers;
using System.Text.Json;
using Metering.Aggregator.Engine.Meters;
using Metering.Contracts;
using Metering.Query.Tests.Testing;
using Xunit;

namespace Metering.Query.Tests.Usage;

public class UsageQueryTests(Engines engines)
{
    private static readonly DateTimeOffset s_noon = new(2024, 3, 1, 12, 0, 0, TimeSpan.Zero);

    private static readonly Measured[] s_events =
    [
        At(0, "alice", "gpt", "10", "e1"), At(1, "alice", "gpt", "2.5", "e2"), At(61, "alice", "o1", "7", "e3"),
        At(2, "bob", "gpt", "0.000000000001", "e4"), At(1500, "bob", "", "10", "e5"),
        At(62, "alice", "o1", "100", "e6"), At(62, "alice", "o1", "100", "e6", sign: -1),
    ];

    [Theory]
    [InlineData("SUM", "29.500000000001")]
    [InlineData("COUNT", "5")]
    [InlineData("AVG", "5.9")]
    [InlineData("MIN", "0.000000000001")]
    [InlineData("MAX", "10")]
    [InlineData("LATEST", "10")]
    [InlineData("UNIQUE_COUNT", "4")]
    public async Task Every_aggregation_is_exact_and_forgets_what_was_voided(string aggregation, string expected)
    {
        await using QueryHost host = await QueryHost.StartAsync(engines);
        await SeedAsync(host, aggregation);

        JsonElement answer = await host.GetAsync("/api/v1/meters/m/query");

        JsonElement row = Assert.Single(answer.GetProperty("data").EnumerateArray());
        Assert.Equal(expected, row.GetProperty("value").GetRawText());
        Assert.Equal("2024-03-01T12:00:00Z", row.GetProperty("windowStart").GetString());
        Assert.Equal("2024-03-02T13:01:00Z", row.GetProperty("windowEnd").GetString());
        Assert.Equal(JsonValueKind.Null, row.GetProperty("subject").ValueKind);
        Assert.Equal("{}", row.GetProperty("groupBy").GetRawText());
        Assert.False(answer.TryGetProperty("from", out _));
    }

    [Fact]
    public async Task The_answer_has_the_contracts_shape()
    {
        await using QueryHost host = await QueryHost.StartAsync(engines);
        await SeedAsync(host, "SUM");

        JsonElement answer = await host.GetAsync(
            "/api/v1/meters/m/query?from=2024-03-01T00%3A00%3A00.000Z&to=2024-03-02T00%3A00%3A00.000Z&windowSize=DAY&windowTimeZone=Europe%2FBudapest&subject=alice&groupBy=model&clientId=x");

        Assert.Equal(
            """{"from":"2024-03-01T00:00:00Z","to":"2024-03-02T00:00:00Z","windowSize":"DAY","data":[{"value":12.5,"windowStart":"2024-02-29T23:00:00Z","windowEnd":"2024-03-01T23:00:00Z","subject":"alice","groupBy":{"model":"gpt"}},{"value":7,"windowStart":"2024-02-29T23:00:00Z","windowEnd":"2024-03-01T23:00:00Z","subject":"alice","groupBy":{"model":"o1"}}]}""",
            answer.GetRawText());
    }

    [Theory]
    [InlineData("subject=alice&subject=bob", "alice:19.5 bob:10.000000000001")]
    [InlineData("groupBy=model", "null:10 gpt:12.500000000001 o1:7")]
    [InlineData("filterGroupBy[model]=gpt", ":12.500000000001")]
    [InlineData("filterGroupBy[model]=gpt&filterGroupBy[model]=o1", ":19.500000000001")]
    [InlineData("filterGroupBy%5Bmodel%5D=o1&groupBy=subject", "alice:7")]
    [InlineData("advancedMeterGroupByFilters=%7B%22model%22:%7B%22$like%22:%22%25p%25%22%7D%7D", ":12.500000000001")]
    [InlineData("from=2024-03-01T12:01:00Z&to=2024-03-01T12:02:00Z", ":2.5")]
    [InlineData("from=2024-03-01T12:01:30Z&to=2024-03-01T12:01:31Z", ":2.5")]
    [InlineData("from=2024-03-05T00:00:00Z", "")]
    [InlineData("subject=nobody", "")]
    public async Task Filters_and_groups_select(string query, string expected)
    {
        await using QueryHost host = await QueryHost.StartAsync(engines);
        await SeedAsync(host, "SUM");

        JsonElement answer = await host.GetAsync($"/api/v1/meters/m/query?{query}");

        Assert.Equal(expected, Summary(answer));
    }

    [Theory]
    [InlineData("""{"$eq":"gpt"}""", "gpt")]
    [InlineData("""{"$ne":"gpt"}""", "null o1")]
    [InlineData("""{"$in":["gpt","o1"]}""", "gpt o1")]
    [InlineData("""{"$nin":["gpt"]}""", "null o1")]
    [InlineData("""{"$like":"g_t"}""", "gpt")]
    [InlineData("""{"$like":"G%"}""", "")]
    [InlineData("""{"$nlike":"g%"}""", "null o1")]
    [InlineData("""{"$ilike":"G%"}""", "gpt")]
    [InlineData("""{"$nilike":"G%"}""", "null o1")]
    [InlineData("""{"$gt":"gpt"}""", "o1")]
    [InlineData("""{"$gte":"gpt"}""", "gpt o1")]
    [InlineData("""{"$lt":"gpt"}""", "null")]
    [InlineData("""{"$lte":"gpt","$gt":""}""", "gpt")]
    [InlineData("""{"$or":[{"$eq":"gpt"},{"$and":[{"$like":"o%"},{"$ne":"o2"}]}]}""", "gpt o1")]
    public async Task Advanced_filters_know_every_operator(string filter, string expected)
    {
        await using QueryHost host = await QueryHost.StartAsync(engines);
        await SeedAsync(host, "SUM");

        (int status, JsonElement answer, _) = await host.SendAsync(
            "POST", "/api/v1/meters/m/query", $$"""{"groupBy":["model"],"advancedMeterGroupByFilters":{"model": {{filter}} } }""");

        Assert.Equal(200, status);
        Assert.Equal(expected, string.Join(' ', answer.GetProperty("data").EnumerateArray().Select(row => row.GetProperty("groupBy").GetProperty("model").GetString() ?? "null")));
    }

    [Theory]
    [InlineData("groupBy=region", "invalid group by: region")]
    [InlineData("groupBy=customer_id", "customer_id is not supported")]
    [InlineData("filterGroupBy[region]=x", "invalid group by filter: region")]
    [InlineData("windowTimeZone=Mars/Olympus", "windowTimeZone: 'Mars/Olympus'")]
    [InlineData("windowSize=WEEK", "windowSize: 'WEEK'")]
    [InlineData("from=2024-03-01T00:00:00Z&to=2024-03-01T00:00:00Z", "from and to cannot be equal.")]
    [InlineData("from=2024-03-02T00:00:00Z&to=2024-03-01T00:00:00Z", "from must be before to.")]
    [InlineData("from=yesterday", "from: 'yesterday' is not an RFC 3339")]
    [InlineData("from=2024-03-01T00:00:00Z&from=2024-03-01T00:00:00Z", "from is given 2 times.")]
    [InlineData("filterCustomerId=x", "filterCustomerId is not supported")]
    [InlineData("asOf=3", "asOf: there is no seal 3 yet; the newest is 2.")]
    [InlineData("asOf=-1", "asOf must be a whole number")]
    [InlineData("advancedMeterGroupByFilters=%7B", "advancedMeterGroupByFilters is not valid JSON")]
    [InlineData("advancedMeterGroupByFilters=%7B%22model%22:%7B%22$regex%22:%22x%22%7D%7D", "'$regex' is not an operator")]
    [InlineData("advancedMeterGroupByFilters=%7B%22model%22:%7B%22$eq%22:%22x%22%7D%7D&filterGroupBy[model]=x", "cannot be used together")]
    public async Task A_wrong_query_is_a_problem_that_says_what_is_wrong(string query, string detail)
    {
        await using QueryHost host = await QueryHost.StartAsync(engines);
        await host.CreateMeterAsync(engines, "m", "SUM", "model");

        (int status, JsonElement problem, HttpResponseMessage response) = await host.SendAsync("GET", $"/api/v1/meters/m/query?{query}");

        Assert.Equal(400, status);
        Assert.Equal("application/problem+json", response.Content.Headers.GetValues("Content-Type").Single());
        Assert.Contains(detail, problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.Equal("about:blank", problem.GetProperty("type").GetString());
        Assert.Equal("Bad Request", problem.GetProperty("title").GetString());
        Assert.Equal(400, problem.GetProperty("status").GetInt32());
        Assert.StartsWith("urn:request:", problem.GetProperty("instance").GetString(), StringComparison.Ordinal);
        Assert.Equal("{}", problem.GetProperty("extensions").GetRawText());
    }

    [Fact]
    public async Task An_unknown_meter_is_not_found_and_a_request_without_a_key_is_refused()
    {
        await using QueryHost host = await QueryHost.StartAsync(engines);

        Assert.Equal(404, (await host.SendAsync("GET", "/api/v1/meters/nothing/query")).Status);
        host.Client.DefaultRequestHeaders.Authorization = null;
        Assert.Equal(401, (await host.SendAsync("GET", "/api/v1/meters/nothing/query")).Status);
    }

    [Fact]
    public async Task Csv_has_the_contracts_header_and_six_places()
    {
        await using QueryHost host = await QueryHost.StartAsync(engines);
        await SeedAsync(host, "SUM");
        host.Client.DefaultRequestHeaders.Accept.Clear();
        host.Client.DefaultRequestHeaders.Accept.Add(new MediaTypeWithQualityHeaderValue("text/csv"));

        using HttpResponseMessage response = await host.Client.GetAsync("/api/v1/meters/m/query?windowSize=HOUR&groupBy=model&groupBy=subject&from=2024-03-01T12:00:00Z&to=2024-03-01T14:00:00Z");

        Assert.Equal("text/csv", response.Content.Headers.GetValues("Content-Type").Single());
        Assert.Equal("""
            window_start,window_end,subject,model,value
            2024-03-01T12:00:00Z,2024-03-01T13:00:00Z,alice,gpt,12.500000
            2024-03-01T12:00:00Z,2024-03-01T13:00:00Z,bob,gpt,0.000000
            2024-03-01T13:00:00Z,2024-03-01T14:00:00Z,alice,o1,7.000000

            """.ReplaceLineEndings("\n"), await response.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task As_of_a_seal_knows_that_seal_and_nothing_later()
    {
        await using QueryHost host = await QueryHost.StartAsync(engines);
        int revision = await host.CreateMeterAsync(engines, "m", "SUM");
        DateTimeOffset sealedMinute = new(2023, 12, 31, 23, 0, 0, TimeSpan.Zero);
        await SeededUsage.AddWindowsAsync(engines.ClickHouse, host.Tenant, revision, Aggregation.Sum, [Simple(sealedMinute, "1")], seal: 1);
        await SeededUsage.AddWindowsAsync(engines.ClickHouse, host.Tenant, revision, Aggregation.Sum, [Simple(sealedMinute, "10")], seal: 2);
        await SeededUsage.AddWindowsAsync(engines.ClickHouse, host.Tenant, revision, Aggregation.Sum, [Simple(sealedMinute, "1000")], seal: 3);
        await SeededUsage.AddDeltasAsync(engines.ClickHouse, host.Tenant, revision, Aggregation.Sum, [Simple(sealedMinute, "100")]);

        Assert.Equal(":1", Summary(await host.GetAsync("/api/v1/meters/m/query?asOf=1")));
        Assert.Equal(":11", Summary(await host.GetAsync("/api/v1/meters/m/query?asOf=2")));
        Assert.Equal(2, (await host.GetAsync("/api/v1/meters/m/query?asOf=2")).GetProperty("asOf").GetInt32());
        Assert.Equal("", Summary(await host.GetAsync("/api/v1/meters/m/query?asOf=0")));
        Assert.Equal(":111", Summary(await host.GetAsync("/api/v1/meters/m/query")));
    }

    [Fact]
    public async Task Flushes_and_seals_that_are_not_confirmed_are_not_seen_and_a_folded_delta_is_not_counted_twice()
    {
        await using QueryHost host = await QueryHost.StartAsync(engines);
        int revision = await host.CreateMeterAsync(engines, "m", "COUNT");
        DateTimeOffset sealedMinute = Engines.SealedUpto.AddMinutes(-5);
        await SeededUsage.AddDeltasAsync(engines.ClickHouse, host.Tenant, revision, Aggregation.Count, [Simple(s_noon, "1")], offset: Engines.Confirmed + 1);
        await SeededUsage.AddDeltasAsync(engines.ClickHouse, host.Tenant, revision, Aggregation.Count, [Simple(sealedMinute, "1")], offset: Engines.Folded);
        await SeededUsage.AddWindowsAsync(engines.ClickHouse, host.Tenant, revision, Aggregation.Count, [Simple(sealedMinute, "1")], seal: 2);
        await SeededUsage.AddDeltasAsync(engines.ClickHouse, host.Tenant, revision, Aggregation.Count, [Simple(Engines.SealedUpto, "1")], offset: Engines.Folded);

        Assert.Equal(":2", Summary(await host.GetAsync("/api/v1/meters/m/query")));
    }

    [Fact]
    public async Task Texts_of_any_kind_pass_through_filters_and_groups_unchanged()
    {
        await using QueryHost host = await QueryHost.StartAsync(engines);
        int revision = await host.CreateMeterAsync(engines, "m", "COUNT", "model");
        string[] texts = ["it's", "back\\slash", "tab\tnew\nline\r", "\"quoted\"", "{p0:String}", "ünï😀", "a,b;c", "'] OR 1=1 --", "[1,2]", "\\N", "%", "\\'"];
        await SeededUsage.AddDeltasAsync(engines.ClickHouse, host.Tenant, revision, Aggregation.Count, texts.Select(text => new Measured(s_noon, text, [text], Quantity.Zero, text)));

        foreach (string text in texts)
        {
            string escaped = Uri.EscapeDataString(text);
            JsonElement bySubject = await host.GetAsync($"/api/v1/meters/m/query?subject={escaped}");
            Assert.Equal(text, Assert.Single(bySubject.GetProperty("data").EnumerateArray()).GetProperty("subject").GetString());
            JsonElement byGroup = await host.GetAsync($"/api/v1/meters/m/query?groupBy=model&filterGroupBy[model]={escaped}");
            Assert.Equal(text, Assert.Single(byGroup.GetProperty("data").EnumerateArray()).GetProperty("groupBy").GetProperty("model").GetString());
            string filter = JsonSerializer.Serialize(text);
            (_, JsonElement byOperator, _) = await host.SendAsync("POST", "/api/v1/meters/m/query", $$$"""{"groupBy":["model"],"advancedMeterGroupByFilters":{"model":{"$eq": {{{filter}}} } } }""");
            Assert.Equal(text, Assert.Single(byOperator.GetProperty("data").EnumerateArray()).GetProperty("groupBy").GetProperty("model").GetString());
        }

        Assert.Equal(texts.Order(StringComparer.Ordinal), (await host.GetAsync("/api/v1/meters/m/subjects")).EnumerateArray().Select(value => value.GetString()!).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Sums_beyond_one_events_limit_stay_exact_and_are_never_wrapped()
    {
        await using QueryHost host = await QueryHost.StartAsync(engines);
        int revision = await host.CreateMeterAsync(engines, "m", "SUM");
        Quantity largest = Quantity.Parse("99999999999999999999999999.999999999999");
        await SeededUsage.AddDeltasAsync(engines.ClickHouse, host.Tenant, revision, Aggregation.Sum, [new Measured(s_noon, "a", [], largest, "1")]);
        Assert.Equal(":99999999999999999999999999.999999999999", Summary(await host.GetAsync("/api/v1/meters/m/query")));

        await SeededUsage.AddDeltasAsync(engines.ClickHouse, host.Tenant, revision, Aggregation.Sum, [new Measured(s_noon, "a", [], largest, "2")], offset: Engines.Folded + 3);
        (int status, JsonElement problem, _) = await host.SendAsync("GET", "/api/v1/meters/m/query");
        Assert.Equal(400, status);
        Assert.Contains("10^26", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_answer_that_is_too_long_is_refused_not_cut()
    {
        await using QueryHost host = await QueryHost.StartAsync(engines, ("MaxRows", "3"));
        await SeedAsync(host, "SUM");

        Assert.Equal(200, (await host.SendAsync("GET", "/api/v1/meters/m/query?groupBy=model")).Status);
        (int status, JsonElement problem, _) = await host.SendAsync("GET", "/api/v1/meters/m/query?groupBy=model&windowSize=MINUTE");
        Assert.Equal(400, status);
        Assert.Contains("more than 3 rows", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Subjects_and_group_values_are_those_with_usage_in_the_range()
    {
        await using QueryHost host = await QueryHost.StartAsync(engines);
        await SeedAsync(host, "SUM");

        Assert.Equal("""["alice","bob"]""", (await host.GetAsync("/api/v1/meters/m/subjects")).GetRawText());
        Assert.Equal("""["bob"]""", (await host.GetAsync("/api/v1/meters/m/subjects?from=2024-03-02T00:00:00Z")).GetRawText());
        Assert.Equal("""["gpt","o1"]""", (await host.GetAsync("/api/v1/meters/m/group-by/model/values?from=2024-03-01T00:00:00Z")).GetRawText());
        Assert.Equal("[]", (await host.GetAsync("/api/v1/meters/m/group-by/model/values")).GetRawText());
        Assert.Equal(400, (await host.SendAsync("GET", "/api/v1/meters/m/group-by/region/values")).Status);
    }

    [Fact]
    public async Task The_newest_ready_revision_answers_and_until_there_is_one_the_first()
    {
        await using QueryHost host = await QueryHost.StartAsync(engines);
        int first = await host.CreateMeterAsync(engines, "m", "COUNT", "b");
        string id = (await host.GetAsync("/api/v1/meters/m")).GetProperty("id").GetString()!;
        await host.SendAsync("PUT", "/api/v1/meters/m", """{"groupBy":{"b":"$.b","a":"$.a"}}""");
        int second = (await engines.RevisionsAsync(id))[^1].Number;
        await SeededUsage.AddDeltasAsync(engines.ClickHouse, host.Tenant, first, Aggregation.Count, [new Measured(s_noon, "s", ["old"], Quantity.Zero, "1")]);
        await SeededUsage.AddDeltasAsync(engines.ClickHouse, host.Tenant, second, Aggregation.Count, [new Measured(s_noon, "s", ["new a", "new b"], Quantity.Zero, "1")]);

        Assert.Equal("old:1", Summary(await host.GetAsync("/api/v1/meters/m/query?groupBy=b")));
        (int status, JsonElement problem, _) = await host.SendAsync("GET", "/api/v1/meters/m/query?groupBy=a");
        Assert.Equal(400, status);
        Assert.Contains("still being applied", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);

        await engines.SetStateAsync(second, "ready");
        Assert.Equal("new a:1", Summary(await host.GetAsync("/api/v1/meters/m/query?groupBy=a")));
        Assert.Equal("new b:1", Summary(await host.GetAsync($"/api/v1/meters/{id}/query?groupBy=b")));
    }

    /// <summary><c>subject or first group:value</c> of each row.</summary>
    private static string Summary(JsonElement answer) => string.Join(' ', answer.GetProperty("data").EnumerateArray().Select(row =>
    {
        string group = string.Concat(row.GetProperty("groupBy").EnumerateObject().Select(entry => entry.Value.GetString() ?? "null"));
        return $"{row.GetProperty("subject").GetString() ?? group}:{row.GetProperty("value").GetRawText()}";
    }));

    private async Task SeedAsync(QueryHost host, string aggregation)
    {
        int revision = await host.CreateMeterAsync(engines, "m", aggregation, "model");
        Assert.True(AggregationName.TryParse(aggregation, out Aggregation kind));
        await SeededUsage.AddDeltasAsync(engines.ClickHouse, host.Tenant, revision, kind, s_events);
    }

    private static Measured At(int minutes, string subject, string model, string value, string id, int sign = 1) =>
        new(s_noon.AddMinutes(minutes), subject, [model], Quantity.Parse(value), id, sign);

    private static Measured Simple(DateTimeOffset time, string value) => new(time, "s", [], Quantity.Parse(value), "e");
}
