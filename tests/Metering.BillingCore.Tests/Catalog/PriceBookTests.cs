using System.Text.Json;
using Metering.Billing.Postgres.Tenancy;
using Metering.BillingCore.Tests.Testing;
using Npgsql;
using Xunit;

namespace Metering.BillingCore.Tests.Catalog;

public sealed class PriceBookTests(Engines engines)
{
    private const string Draft = "/v1/price-books/standard/draft";
    private const string Versions = "/v1/price-books/standard/versions";

    private const string Book = """
        {"currency":"USD","effective_from":"2026-01-01T00:00:00Z","plans":[
          {"key":"pro","name":"Pro","product":"api","phases":[
            {"key":"trial","trial":true,"length":{"unit":"day","count":14},"components":[]},
            {"key":"main","components":[
              {"key":"base","timing":"advance","price":{"model":"flat","amount":"49"}},
              {"key":"tokens","meter":"tokens","filter":[{"property":"model","values":["small","large"]}],
               "price":{"model":"graduated","tiers":[{"up_to":"1000","unit":"0.01"},{"up_to":null,"unit":"0.005"}],"conversion":{"op":"divide","factor":"1000","round":"up","precision":0}}}]}],
           "commitments":[{"key":"year","amount":"1000","components":["tokens"]}]}]}
        """;

    [Fact]
    public async Task A_draft_changes_until_it_is_published_and_never_after()
    {
        await using BillingHost host = await PreparedAsync();
        Answered draft = await host.SendAsync("PUT", Draft, Book);
        Assert.Equal((201, $"{Versions}/1"), (draft.Status, draft.Location));
        Assert.Equal("draft", draft.Json.GetProperty("state").GetString());
        Answered changed = await host.SendAsync("PUT", Draft, Book.Replace("\"49\"", "\"59\"", StringComparison.Ordinal), ("If-Match", draft.ETag!));
        Assert.Equal((200, 1), (changed.Status, changed.Json.GetProperty("version").GetInt32()));

        Answered published = await host.SendAsync("POST", $"{Versions}/1/publish", null, ("If-Match", changed.ETag!));
        Assert.Equal("published", published.Json.GetProperty("state").GetString());
        Assert.Equal(409, (await host.SendAsync("POST", $"{Versions}/1/publish")).Status);
        Assert.Equal(409, (await host.SendAsync("DELETE", $"{Versions}/1")).Status);
        Assert.Equal(2, (await host.SendAsync("PUT", Draft, Book)).Json.GetProperty("version").GetInt32());
        Assert.Equal("59", (await host.SendAsync("GET", $"{Versions}/1/plans/pro")).Json.GetProperty("phases")[1].GetProperty("components")[0].GetProperty("price").GetProperty("amount").GetString());
        Assert.Equal([2, 1], (await host.SendAsync("GET", Versions)).Json.GetProperty("items").EnumerateArray().Select(one => one.GetProperty("version").GetInt32()));
        Assert.Equal(204, (await host.SendAsync("DELETE", $"{Versions}/2")).Status);
        Assert.Equal("archived", (await host.SendAsync("POST", $"{Versions}/1/archive")).Json.GetProperty("state").GetString());
        Assert.Equal(409, (await host.SendAsync("POST", $"{Versions}/1/archive")).Status);
    }

    [Fact]
    public async Task A_product_of_a_published_plan_is_not_archived_and_a_book_keeps_its_name()
    {
        await using BillingHost host = await PreparedAsync();
        await host.SendAsync("PUT", $"{Draft}?name=Standard", Book);
        await host.SendAsync("PUT", Draft, Book);
        Assert.Equal("Standard", (await host.SendAsync("GET", "/v1/price-books")).Json.GetProperty("items")[0].GetProperty("name").GetString());
        await host.SendAsync("POST", $"{Versions}/1/publish");
        Answered refused = await host.SendAsync("DELETE", "/v1/products/api");
        Assert.Equal(409, refused.Status);
        Assert.Contains("version standard 1", refused.Text, StringComparison.Ordinal);
        await host.SendAsync("POST", $"{Versions}/1/archive");
        Assert.Equal(204, (await host.SendAsync("DELETE", "/v1/products/api")).Status);
    }

    [Theory]
    [InlineData("update billing.price_book_version set body = '{}'")]
    [InlineData("update billing.price_book_version set effective_from = now()")]
    [InlineData("update billing.price_book_version set state = 'draft'")]
    [InlineData("delete from billing.price_book_version")]
    public async Task The_database_keeps_what_was_published(string sql)
    {
        await using BillingHost host = await PreparedAsync();
        await host.SendAsync("PUT", Draft, Book);
        await host.SendAsync("POST", $"{Versions}/1/publish");
        await using TenantTransaction transaction = await new TenantDatabase(engines.Postgres).BeginAsync(host.Tenant, TestContext.Current.CancellationToken);
        await using NpgsqlCommand command = transaction.Command(sql);
        PostgresException refused = await Assert.ThrowsAsync<PostgresException>(() => command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken));
        Assert.Contains("price book standard", refused.MessageText, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"USD\"", "\"XXX\"", "currency: 'XXX' is not a currency of ISO 4217")]
    [InlineData("\"product\":\"api\"", "\"product\":\"none\"", "plans[0].product: there is no product 'none'")]
    [InlineData("\"meter\":\"tokens\"", "\"meter\":\"none\"", "plans[0].phases[1].components[1].meter: there is no meter 'none'")]
    [InlineData("\"property\":\"model\"", "\"property\":\"region\"", "plans[0].phases[1].components[1].filter: 'region' is not a dimension of meter 'tokens': it is not in its groupBy")]
    [InlineData("\"up_to\":\"1000\"", "\"up_to\":\"-1\"", "plans[0].phases[1].components[1].price.tiers[0].up_to: must be above 0: tiers rise")]
    [InlineData("\"amount\":\"49\"", "\"amount\":49", "plans[0].phases[1].components[0].price.amount: must be a string, so that no reader turns it into a binary number")]
    [InlineData("\"unit\":\"0.01\"", "\"unit\":\"0.0100000000001\"", "plans[0].phases[1].components[1].price.tiers[0].unit: must be a plain number with at most 12 decimals")]
    [InlineData("\"length\":{\"unit\":\"day\",\"count\":14},", "", "plans[0].phases[0].length: is required: another phase follows")]
    [InlineData("[\"tokens\"]}]}]}", "[\"none\"]}]}]}", "plans[0].commitments[0].components: 'none' is not a component of the plan")]
    [InlineData("\"key\":\"base\"", "\"key\":\"tokens\"", "plans[0].phases[1].components[1].key: 'tokens' is used twice")]
    public async Task What_must_be_refused_is_refused_with_its_path(string part, string instead, string error)
    {
        await using BillingHost host = await PreparedAsync();
        Answered refused = await host.SendAsync("PUT", Draft, Book.Replace(part, instead, StringComparison.Ordinal));
        Assert.Equal(422, refused.Status);
        Assert.Contains(error, refused.Errors);
        Assert.Equal(404, (await host.SendAsync("GET", $"{Versions}/1")).Status);
    }

    [Fact]
    public async Task Two_components_that_could_bill_one_event_are_refused()
    {
        await using BillingHost host = await PreparedAsync();
        string twice = Book.Replace("\"phases\":[\n", "\"phases\":[", StringComparison.Ordinal).Replace(
            "{\"key\":\"base\"", "{\"key\":\"large\",\"meter\":\"tokens\",\"filter\":[{\"property\":\"model\",\"values\":[\"large\"]}],\"price\":{\"model\":\"per_unit\",\"unit\":\"1\"}},{\"key\":\"base\"", StringComparison.Ordinal);
        Answered refused = await host.SendAsync("PUT", Draft, twice);
        Assert.Contains("plans[0].phases[1].components[2].meter: can take an event that 'large' bills: no event is billed twice", refused.Errors);
    }

    [Fact]
    public async Task A_percentage_needs_a_sum()
    {
        await using BillingHost host = await PreparedAsync();
        await host.CreateMeterAsync("peak", "MAX");
        Answered refused = await host.SendAsync("PUT", Draft, """
            {"currency":"USD","effective_from":"2026-01-01T00:00:00Z","plans":[{"key":"p","product":"api","phases":[{"key":"main","components":[
              {"key":"c","meter":"peak","price":{"model":"percentage","percent":"2","fixed":"0.3"}}]}]}]}
            """);
        Assert.Equal(422, refused.Status);
        Assert.Contains(refused.Errors, error => error.StartsWith("plans[0].phases[0].components[0].meter: must be the sum", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_is_written_reads_back_to_the_same_bytes()
    {
        await using BillingHost host = await PreparedAsync();
        JsonElement first = (await host.SendAsync("PUT", Draft, Book)).Json;
        string body = "{" + string.Join(',', new[] { "currency", "rounding", "effective_from", "plans" }.Select(name => $"\"{name}\":{first.GetProperty(name).GetRawText()}")) + "}";
        JsonElement second = (await host.SendAsync("PUT", Draft, body)).Json;
        Assert.Equal(first.GetProperty("plans").GetRawText(), second.GetProperty("plans").GetRawText());
    }

    private async Task<BillingHost> PreparedAsync()
    {
        BillingHost host = await BillingHost.StartAsync(engines);
        await host.CreateMeterAsync("tokens");
        await host.SendAsync("PUT", "/v1/products/api", """{"name":"API"}""");
        return host;
    }
}
