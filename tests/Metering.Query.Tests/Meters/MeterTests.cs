using System.Text.Json;
using Metering.Query.Tests.Testing;
using Npgsql;
using Xunit;

namespace Metering.Query.Tests.Meters;

public class MeterTests(Engines engines)
{
    private const string Tokens = """{"slug":"tokens_total","aggregation":"SUM","eventType":"prompt","valueProperty":"$.tokens","groupBy":{"type":"$.type","model":"$.model"},"description":"d","metadata":{"team":"ai"}}""";

    [Fact]
    public async Task A_meter_is_created_read_listed_changed_and_deleted()
    {
        await using QueryHost host = await QueryHost.StartAsync(engines);

        (int status, JsonElement created, HttpResponseMessage response) = await host.SendAsync("POST", "/api/v1/meters", Tokens);
        Assert.Equal(200, status);
        Assert.Equal("application/json", response.Content.Headers.ContentType!.ToString());
        string id = created.GetProperty("id").GetString()!;
        Assert.Matches("^[0-9A-HJKMNP-TV-Z]{26}$", id);
        Assert.Equal("tokens_total", created.GetProperty("name").GetString());
        Assert.Equal("""{"model":"$.model","type":"$.type"}""", created.GetProperty("groupBy").GetRawText());
        Assert.Equal("""{"team":"ai"}""", created.GetProperty("metadata").GetRawText());
        Assert.Matches("Z$", created.GetProperty("createdAt").GetString());
        Assert.Equal(created.GetRawText(), (await host.GetAsync("/api/v1/meters/tokens_total")).GetRawText());
        Assert.Equal(created.GetRawText(), (await host.GetAsync($"/api/v1/meters/{id}")).GetRawText());
        Assert.Equal($"[{created.GetRawText()}]", (await host.GetAsync("/api/v1/meters")).GetRawText());

        (status, JsonElement updated, _) = await host.SendAsync("PUT", "/api/v1/meters/tokens_total", """{"name":"Tokens","description":null}""");
        Assert.Equal(200, status);
        Assert.Equal("Tokens", updated.GetProperty("name").GetString());
        Assert.False(updated.TryGetProperty("description", out _));
        Assert.Equal(2, updated.GetProperty("groupBy").EnumerateObject().Count());

        Assert.Equal(204, (await host.SendAsync("DELETE", $"/api/v1/meters/{id}")).Status);
        Assert.Equal(404, (await host.SendAsync("GET", "/api/v1/meters/tokens_total")).Status);
        Assert.Equal(404, (await host.SendAsync("DELETE", "/api/v1/meters/tokens_total")).Status);
        Assert.Equal("[]", (await host.GetAsync("/api/v1/meters")).GetRawText());
        Assert.True(Assert.Single((await host.GetAsync("/api/v1/meters?includeDeleted=true")).EnumerateArray()).TryGetProperty("deletedAt", out _));
    }

    [Fact]
    public async Task A_meter_that_a_published_price_bills_stays_what_it_is()
    {
        await using QueryHost host = await QueryHost.StartAsync(engines);
        await host.SendAsync("POST", "/api/v1/meters", Tokens);
        await using NpgsqlCommand publish = engines.Postgres.Source.CreateCommand($"""
            select set_config('metering.tenant', '{host.Tenant}', false);
            insert into billing.price_book (tenant_id, key, name, created_at) values ('{host.Tenant}', 'standard', 'Standard', now());
            insert into billing.price_book_version (tenant_id, book, version, state, effective_from, body, content_hash, created_at, updated_at) values ('{host.Tenant}', 'standard', 1, 'published', now(), '[]', '', now(), now());
            insert into billing.price_meter (tenant_id, book, version, meter) values ('{host.Tenant}', 'standard', 1, 'tokens_total')
            """);
        await publish.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);

        (int status, JsonElement problem, _) = await host.SendAsync("DELETE", "/api/v1/meters/tokens_total");
        Assert.Equal(409, status);
        Assert.Contains("price book version standard 1 bills it", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.Equal(409, (await host.SendAsync("PUT", "/api/v1/meters/tokens_total", """{"groupBy":{"model":"$.model"}}""")).Status);
        Assert.Equal(200, (await host.SendAsync("PUT", "/api/v1/meters/tokens_total", """{"name":"Tokens"}""")).Status);
        Assert.Equal(2, (await host.GetAsync("/api/v1/meters/tokens_total")).GetProperty("groupBy").EnumerateObject().Count());
    }

    [Fact]
    public async Task Only_a_changed_definition_makes_a_revision_and_deleting_retires_all()
    {
        await using QueryHost host = await QueryHost.StartAsync(engines);
        string id = (await host.SendAsync("POST", "/api/v1/meters", Tokens)).Body.GetProperty("id").GetString()!;

        await host.SendAsync("PUT", $"/api/v1/meters/{id}", """{"name":"N","metadata":{"a":"b"},"groupBy":{"model":"$.model","type":"$.type"}}""");
        Assert.Single(await engines.RevisionsAsync(id));

        await host.SendAsync("PUT", $"/api/v1/meters/{id}", """{"groupBy":{"model":"$.model"}}""");
        List<(int Number, string State, string Definition)> revisions = await engines.RevisionsAsync(id);
        Assert.Equal(["backfilling", "backfilling"], revisions.Select(revision => revision.State));
        Assert.Equal("""{"groupBy": {"model": "$.model"}, "eventType": "prompt", "aggregation": "Sum", "valueProperty": "$.tokens"}""", revisions[1].Definition);

        await host.SendAsync("DELETE", $"/api/v1/meters/{id}");
        Assert.Equal(["retired", "retired"], (await engines.RevisionsAsync(id)).Select(revision => revision.State));
        Assert.Equal(404, (await host.SendAsync("GET", $"/api/v1/meters/{id}/query")).Status);
    }

    [Fact]
    public async Task A_slug_is_taken_until_its_meter_is_deleted_and_per_tenant()
    {
        await using QueryHost host = await QueryHost.StartAsync(engines);
        await using QueryHost other = await QueryHost.StartAsync(engines);
        string first = (await host.SendAsync("POST", "/api/v1/meters", Tokens)).Body.GetProperty("id").GetString()!;

        (int status, JsonElement problem, _) = await host.SendAsync("POST", "/api/v1/meters", Tokens);
        Assert.Equal(409, status);
        Assert.Equal("Conflict", problem.GetProperty("title").GetString());
        Assert.Equal(200, (await other.SendAsync("POST", "/api/v1/meters", Tokens)).Status);
        Assert.Equal(404, (await other.SendAsync("GET", $"/api/v1/meters/{first}")).Status);

        await host.SendAsync("DELETE", "/api/v1/meters/tokens_total");
        (status, JsonElement again, _) = await host.SendAsync("POST", "/api/v1/meters", Tokens);
        Assert.Equal(200, status);
        Assert.NotEqual(first, again.GetProperty("id").GetString());
    }

    [Fact]
    public async Task The_aggregator_is_told_when_a_meter_changes()
    {
        await using QueryHost host = await QueryHost.StartAsync(engines);
        await using NpgsqlConnection connection = await engines.Postgres.Source.OpenConnectionAsync(TestContext.Current.CancellationToken);
        await using NpgsqlCommand listen = new("listen meters", connection);
        await listen.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);

        await host.SendAsync("POST", "/api/v1/meters", Tokens);

        Assert.True(await connection.WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Meters_are_listed_in_pages_and_orders()
    {
        await using QueryHost host = await QueryHost.StartAsync(engines);
        foreach (string slug in (string[])["b", "c", "a"])
        {
            await host.CreateMeterAsync(engines, slug, "COUNT");
        }

        Assert.Equal("abc", await SlugsAsync(host, ""));
        Assert.Equal("cba", await SlugsAsync(host, "?order=DESC&orderBy=key"));
        Assert.Equal("bca", await SlugsAsync(host, "?orderBy=createdAt"));
        Assert.Equal("c", await SlugsAsync(host, "?page=2&pageSize=2"));
        Assert.Equal(400, (await host.SendAsync("GET", "/api/v1/meters?orderBy=price;drop")).Status);
        Assert.Equal(400, (await host.SendAsync("GET", "/api/v1/meters?pageSize=1001")).Status);
    }

    [Theory]
    [InlineData("""{"aggregation":"COUNT","eventType":"e"}""", "slug is required.")]
    [InlineData("""{"slug":"Big","aggregation":"COUNT","eventType":"e"}""", "slug: 'Big'")]
    [InlineData("""{"slug":"a__b","aggregation":"COUNT","eventType":"e"}""", "slug: 'a__b'")]
    [InlineData("""{"slug":"a\n","aggregation":"COUNT","eventType":"e"}""", "slug: 'a")]
    [InlineData("""{"slug":"m","eventType":"e"}""", "aggregation is required.")]
    [InlineData("""{"slug":"m","aggregation":"sum","eventType":"e"}""", "aggregation: 'sum' is not one of")]
    [InlineData("""{"slug":"m","aggregation":"COUNT"}""", "eventType is required.")]
    [InlineData("""{"slug":"m","aggregation":"SUM","eventType":"e"}""", "valueProperty is required when aggregation is SUM.")]
    [InlineData("""{"slug":"m","aggregation":"COUNT","eventType":"e","valueProperty":"$.v"}""", "valueProperty must not be given")]
    [InlineData("""{"slug":"m","aggregation":"SUM","eventType":"e","valueProperty":"v"}""", "valueProperty: 'v' is not a JSONPath")]
    [InlineData("""{"slug":"m","aggregation":"SUM","eventType":"e","valueProperty":"$..v"}""", "valueProperty: '$..v' is not a JSONPath")]
    [InlineData("""{"slug":"m","aggregation":"SUM","eventType":"e","valueProperty":"$.v","groupBy":{"g":"$.v"}}""", "groupBy.g must not be the path of valueProperty.")]
    [InlineData("""{"slug":"m","aggregation":"COUNT","eventType":"e","groupBy":{"1g":"$.v"}}""", "groupBy: '1g'")]
    [InlineData("""{"slug":"m","aggregation":"COUNT","eventType":"e","groupBy":{"subject":"$.v"}}""", "groupBy: 'subject' is reserved")]
    [InlineData("""{"slug":"m","aggregation":"COUNT","eventType":"e","groupBy":{"g":7}}""", "groupBy.g must be a string.")]
    [InlineData("""{"slug":"m","aggregation":"COUNT","eventType":"e","groupBy":["g"]}""", "groupBy must be a JSON object.")]
    [InlineData("""{"slug":"m","aggregation":"COUNT","eventType":"e","eventFrom":"2024"}""", "eventFrom: '2024'")]
    [InlineData("""{"slug":"m","aggregation":"COUNT","eventType":"a\u0000b"}""", "eventType contains a NUL")]
    [InlineData("""{"slug":"m","aggregation":"COUNT","eventType":"a\ud800"}""", "eventType is not valid Unicode")]
    [InlineData("""{"slug":7,"aggregation":"COUNT","eventType":"e"}""", "slug must be a string.")]
    [InlineData("""[]""", "The body must be a JSON object.")]
    [InlineData("""{"slug":""", "The body is not valid JSON")]
    public async Task A_wrong_meter_is_refused_and_nothing_is_kept(string body, string detail)
    {
        await using QueryHost host = await QueryHost.StartAsync(engines);

        (int status, JsonElement problem, HttpResponseMessage response) = await host.SendAsync("POST", "/api/v1/meters", body);

        Assert.Equal(400, status);
        Assert.Equal("application/problem+json", response.Content.Headers.GetValues("Content-Type").Single());
        Assert.Contains(detail, problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.Equal("[]", (await host.GetAsync("/api/v1/meters")).GetRawText());
    }

    [Fact]
    public async Task Too_many_meters_or_bytes_are_refused()
    {
        await using QueryHost host = await QueryHost.StartAsync(engines, ("MaxMeters", "1"), ("MaxBodyBytes", "2000"));
        await host.CreateMeterAsync(engines, "a", "COUNT");

        Assert.Equal(400, (await host.SendAsync("POST", "/api/v1/meters", Tokens)).Status);
        Assert.Equal(413, (await host.SendAsync("POST", "/api/v1/meters", Tokens + new string(' ', 2000))).Status);
    }

    private static async Task<string> SlugsAsync(QueryHost host, string query) =>
        string.Concat((await host.GetAsync($"/api/v1/meters{query}")).EnumerateArray().Select(meter => meter.GetProperty("slug").GetString()));
}
