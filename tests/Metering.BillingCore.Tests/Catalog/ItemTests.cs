using System.Text.Json;
using Metering.BillingCore.Tests.Testing;
using Xunit;

namespace Metering.BillingCore.Tests.Catalog;

public sealed class ItemTests(Engines engines)
{
    public static TheoryData<string, string> Bodies => new()
    {
        { "products", """{"name":"API","description":"calls","tax_category":"saas"}""" },
        { "features", """{"name":"Seats"}""" },
        { "tax-rates", """{"category":"saas","percent":"19","inclusive":false,"valid_from":"2026-01-01T00:00:00Z"}""" },
        { "discounts", """{"name":"Spring","percent":"12.5","periods":3,"components":["api"]}""" },
        { "overrides", """{"customer":"acme","price_book":"standard","plan":"pro","component":"api","valid_from":"2026-01-01T00:00:00Z","price":{"model":"per_unit","unit":"0.001"}}""" },
    };

    [Theory]
    [MemberData(nameof(Bodies))]
    public async Task What_is_put_is_read_back_as_it_was_written(string route, string body)
    {
        await using BillingHost host = await BillingHost.StartAsync(engines);
        Answered put = await host.SendAsync("PUT", $"/v1/{route}/one", body);
        Assert.Equal((201, $"/v1/{route}/one"), (put.Status, put.Location));
        JsonElement read = (await host.SendAsync("GET", $"/v1/{route}/one")).Json;
        foreach (JsonProperty field in JsonDocument.Parse(body).RootElement.EnumerateObject())
        {
            Assert.Equal(field.Value.ToString(), read.GetProperty(field.Name).ToString());
        }

        JsonElement again = JsonDocument.Parse(Without(read, "key", "created_at", "updated_at")).RootElement;
        Assert.Equal(put.ETag, (await host.SendAsync("PUT", $"/v1/{route}/one", again.GetRawText())).ETag);
        Assert.Single((await host.SendAsync("GET", $"/v1/{route}")).Json.GetProperty("items").EnumerateArray());
        Assert.Equal(204, (await host.SendAsync("DELETE", $"/v1/{route}/one")).Status);
        Assert.Empty((await host.SendAsync("GET", $"/v1/{route}")).Json.GetProperty("items").EnumerateArray());
        Assert.True((await host.SendAsync("GET", $"/v1/{route}/one")).Json.TryGetProperty("archived_at", out _));
    }

    [Theory]
    [InlineData("products", "{}", "name: is required")]
    [InlineData("products", """{"name":"x","colour":"red"}""", "colour: is not a field here")]
    [InlineData("products", """{"name":1}""", "name: must be a string")]
    [InlineData("features", """{"name":"x","product":"none"}""", "product: there is no product 'none'")]
    [InlineData("features", """{"name":"x","meter":"none"}""", "meter: there is no meter 'none'")]
    [InlineData("tax-rates", """{"percent":"101","valid_from":"2026-01-01T00:00:00Z"}""", "percent: must be from 0 to 100")]
    [InlineData("tax-rates", """{"percent":19,"valid_from":"2026-01-01T00:00:30Z"}""", "valid_from: must be a whole minute")]
    [InlineData("discounts", """{"percent":"5","amount":"5","currency":"USD"}""", ": must have a percent or an amount, not both")]
    [InlineData("discounts", """{"amount":"5"}""", "currency: is required: the discount is an amount of money")]
    [InlineData("overrides", """{"customer":"acme","price_book":"b","plan":"p","component":"c","valid_from":"2026-01-02T00:00:00Z","valid_until":"2026-01-01T00:00:00Z","price":{"model":"volume","tiers":[]}}""", "price.tiers: must have at least one tier")]
    public async Task What_cannot_be_is_refused_with_its_path(string route, string body, string error)
    {
        await using BillingHost host = await BillingHost.StartAsync(engines);
        Answered refused = await host.SendAsync("PUT", $"/v1/{route}/one", body);
        Assert.Equal(422, refused.Status);
        Assert.Contains(error, refused.Errors);
        Assert.Equal(404, (await host.SendAsync("GET", $"/v1/{route}/one")).Status);
    }

    [Fact]
    public async Task Preconditions_hold_writers_apart()
    {
        await using BillingHost host = await BillingHost.StartAsync(engines);
        const string path = "/v1/products/api";
        Assert.Equal(412, (await host.SendAsync("PUT", path, """{"name":"a"}""", ("If-Match", "\"1\""))).Status);
        Answered made = await host.SendAsync("PUT", path, """{"name":"a"}""", ("If-None-Match", "*"));
        Assert.Equal(201, made.Status);
        Assert.Equal(412, (await host.SendAsync("PUT", path, """{"name":"b"}""", ("If-None-Match", "*"))).Status);
        Answered changed = await host.SendAsync("PUT", path, """{"name":"b"}""", ("If-Match", made.ETag!));
        Assert.Equal((200, "\"2\""), (changed.Status, changed.ETag));
        Assert.Equal(412, (await host.SendAsync("PUT", path, """{"name":"c"}""", ("If-Match", made.ETag!))).Status);
        Assert.Equal(412, (await host.SendAsync("DELETE", path, null, ("If-Match", made.ETag!))).Status);
    }

    [Fact]
    public async Task Of_many_writers_with_one_etag_one_wins()
    {
        await using BillingHost host = await BillingHost.StartAsync(engines);
        string etag = (await host.SendAsync("PUT", "/v1/products/api", """{"name":"a"}""")).ETag!;
        Answered[] answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => host.SendAsync("PUT", "/v1/products/api", $$"""{"name":"writer {{i}}"}""", ("If-Match", etag))));
        Assert.Single(answers, answer => answer.Status == 200);
        Assert.Equal(19, answers.Count(answer => answer.Status == 412));
    }

    [Fact]
    public async Task Pages_have_every_item_once()
    {
        await using BillingHost host = await BillingHost.StartAsync(engines);
        for (int i = 0; i < 7; i++)
        {
            await host.SendAsync("PUT", $"/v1/products/p{i}", """{"name":"p"}""");
        }

        List<string> keys = [];
        string? cursor = null;
        do
        {
            JsonElement page = (await host.SendAsync("GET", $"/v1/products?limit=3{(cursor is null ? "" : $"&cursor={cursor}")}")).Json;
            keys.AddRange(page.GetProperty("items").EnumerateArray().Select(item => item.GetProperty("key").GetString()!));
            cursor = page.GetProperty("next_cursor").GetString();
        }
        while (cursor is not null);

        Assert.Equal(Enumerable.Range(0, 7).Select(i => $"p{i}"), keys);
        Assert.Equal(400, (await host.SendAsync("GET", "/v1/products?limit=0")).Status);
        Assert.Equal(400, (await host.SendAsync("GET", "/v1/products?cursor=***")).Status);
    }

    [Theory]
    [InlineData("PUT", "/v1/products/UPPER", "{}", 400)]
    [InlineData("PUT", "/v1/products/api", "{", 400)]
    [InlineData("PUT", "/v1/products/api", "[]", 422)]
    [InlineData("GET", "/v1/products/none", null, 404)]
    [InlineData("DELETE", "/v1/products/none", null, 404)]
    public async Task Bad_requests_get_a_problem(string method, string path, string? body, int status)
    {
        await using BillingHost host = await BillingHost.StartAsync(engines);
        Answered answer = await host.SendAsync(method, path, body);
        Assert.Equal(status, answer.Status);
        Assert.Equal(status, answer.Json.GetProperty("status").GetInt32());
        Assert.NotEmpty(answer.Json.GetProperty("detail").GetString()!);
    }

    private static string Without(JsonElement element, params string[] names) =>
        "{" + string.Join(',', element.EnumerateObject().Where(field => !names.Contains(field.Name)).Select(field => $"{JsonSerializer.Serialize(field.Name)}:{field.Value.GetRawText()}")) + "}";
}
