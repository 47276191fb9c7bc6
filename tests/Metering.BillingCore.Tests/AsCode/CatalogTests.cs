using System.Text.Json;
using Metering.BillingCore.Tests.Testing;
using Xunit;

namespace Metering.BillingCore.Tests.AsCode;

public sealed class CatalogTests(Engines engines)
{
    private const string Versions = "/v1/price-books/standard/versions";

    private const string Document = """
        {"products":[{"key":"api","name":"API"},{"key":"old","name":"Old"}],
         "features":[{"key":"chat","name":"Chat","product":"api","meter":"tokens"}],
         "tax_rates":[{"key":"vat","percent":"19","valid_from":"2026-01-01T00:00:00Z"}],
         "discounts":[{"key":"launch","percent":"10","periods":3}],
         "overrides":[{"key":"acme","customer":"acme","price_book":"standard","plan":"pro","component":"tokens","valid_from":"2026-01-01T00:00:00Z","price":{"model":"per_unit","unit":"0.001"}}],
         "price_books":[{"key":"standard","name":"Standard","currency":"USD","effective_from":"2026-01-01T00:00:00Z","plans":[
           {"key":"pro","product":"api","phases":[{"key":"main","components":[
             {"key":"base","price":{"model":"flat","amount":"49"}},
             {"key":"tokens","meter":"tokens","price":{"model":"graduated","tiers":[{"up_to":"1000","unit":"0.01"},{"unit":"0.005"}]}}]}]}]}]}
        """;

    [Fact]
    public async Task A_document_is_planned_and_applied_and_applying_it_again_changes_nothing()
    {
        await using BillingHost host = await PreparedAsync();
        Answered plan = await PlanAsync(host, Document);
        Assert.Equal((200, 0), (plan.Status, Version(plan)));
        Assert.Equal(["created product api", "created product old", "created feature chat", "created tax_rate vat", "created discount launch", "created override acme", "created price_book standard"], Changes(plan));
        Assert.Equal(404, (await host.SendAsync("GET", "/v1/products/api")).Status);

        Answered applied = await ApplyAsync(host, Document, 0);
        Assert.Equal((200, 1, 7), (applied.Status, Version(applied), Changes(applied).Count()));
        Assert.Equal("published", (await host.SendAsync("GET", $"{Versions}/1")).Json.GetProperty("state").GetString());

        Answered again = await ApplyAsync(host, Document, 1);
        Assert.Equal((200, 1, 7), (again.Status, Version(again), again.Json.GetProperty("unchanged").GetInt32()));
        Assert.Empty(Changes(again));
        Assert.Single((await host.SendAsync("GET", Versions)).Json.GetProperty("items").EnumerateArray());
    }

    [Fact]
    public async Task What_is_exported_plans_to_no_change_and_applies_to_another_tenant()
    {
        await using BillingHost host = await PreparedAsync();
        await ApplyAsync(host, Document, 0);
        Answered export = await host.SendAsync("GET", "/v1/catalog");
        Assert.Equal(1, Version(export));
        string document = export.Json.GetProperty("catalog").GetRawText();
        Assert.Empty(Changes(await PlanAsync(host, document)));

        await using BillingHost other = await PreparedAsync();
        await ApplyAsync(other, document, 0);
        Assert.Equal(export.Text, (await other.SendAsync("GET", "/v1/catalog")).Text);
    }

    /// <summary>By hand: 1000 · 0.01 = 10 and 1000 · 0.008 = 8; the 1001st costs 0.005 under both.</summary>
    [Fact]
    public async Task A_changed_price_becomes_a_new_version_and_the_plan_shows_it_in_money()
    {
        await using BillingHost host = await PreparedAsync();
        await ApplyAsync(host, Document, 0);
        string changed = Document.Replace("\"0.01\"", "\"0.008\"", StringComparison.Ordinal);
        Answered plan = await PlanAsync(host, changed);
        Assert.Equal(["changed price_book standard"], Changes(plan));
        JsonElement field = Assert.Single(plan.Json.GetProperty("changes")[0].GetProperty("fields").EnumerateArray());
        Assert.Equal("""{"path":"plans[pro].phases[main].components[tokens].price.tiers[0].unit","old":"0.01","new":"0.008"}""", field.GetRawText());
        JsonElement bill = Assert.Single(plan.Json.GetProperty("sample_bills").EnumerateArray());
        Assert.Equal(["0: 0.00 0.00", "1000: 10.00 8.00", "1001: 10.01 8.01", "10010: 55.05 53.05"], bill.GetProperty("rows").EnumerateArray().Select(Row));
        Assert.Equal("10.005", bill.GetProperty("rows")[2].GetProperty("old").GetProperty("exact").GetString());

        Assert.Equal(2, Version(await ApplyAsync(host, changed, 1)));
        Assert.Equal(["published", "published"], (await host.SendAsync("GET", Versions)).Json.GetProperty("items").EnumerateArray().Select(one => one.GetProperty("state").GetString()));
        Assert.Empty(Changes(await PlanAsync(host, changed)));
    }

    [Fact]
    public async Task Another_name_of_a_price_book_is_no_new_version()
    {
        await using BillingHost host = await PreparedAsync();
        await ApplyAsync(host, Document, 0);
        await ApplyAsync(host, Document.Replace("\"Standard\"", "\"List prices\"", StringComparison.Ordinal), 1);
        Assert.Single((await host.SendAsync("GET", Versions)).Json.GetProperty("items").EnumerateArray());
        Assert.Contains("\"name\":\"List prices\"", (await host.SendAsync("GET", "/v1/catalog")).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_missing_is_archived_with_every_version_that_could_be_subscribed_to()
    {
        await using BillingHost host = await PreparedAsync();
        await ApplyAsync(host, Document, 0);
        await ApplyAsync(host, Document.Replace("\"0.01\"", "\"0.008\"", StringComparison.Ordinal), 1);
        Answered applied = await ApplyAsync(host, """{"products":[{"key":"api","name":"API"}]}""", 2);
        Assert.Equal(
            ["archived product old", "archived feature chat", "archived tax_rate vat", "archived discount launch", "archived override acme", "archived price_book standard"], Changes(applied));
        Assert.Equal(["archived", "archived"], (await host.SendAsync("GET", Versions)).Json.GetProperty("items").EnumerateArray().Select(one => one.GetProperty("state").GetString()));
        Assert.True((await host.SendAsync("GET", "/v1/products/old")).Json.TryGetProperty("archived_at", out _));

        Assert.Equal(7, (await PlanAsync(host, Document)).Json.GetProperty("changes").GetArrayLength() + 1);
        await ApplyAsync(host, Document, 3);
        Assert.Empty(Changes(await PlanAsync(host, Document)));
        Assert.False((await host.SendAsync("GET", "/v1/products/old")).Json.TryGetProperty("archived_at", out _));
    }

    [Fact]
    public async Task A_catalogue_that_has_moved_on_is_not_overwritten()
    {
        await using BillingHost host = await PreparedAsync();
        await ApplyAsync(host, Document, 0);
        await host.SendAsync("PUT", "/v1/products/new", """{"name":"New"}""");
        Answered refused = await ApplyAsync(host, Document, 1);
        Assert.Equal((409, "The catalogue is at version 2, not at 1 any more. Plan again."), (refused.Status, refused.Json.GetProperty("detail").GetString()));
        Assert.Equal(200, (await host.SendAsync("GET", "/v1/products/new")).Status);
        Assert.Equal(400, (await host.SendAsync("POST", "/v1/catalog/apply", Document)).Status);
        Assert.Equal(400, (await host.SendAsync("POST", "/v1/catalog/apply?expected_version=two", Document)).Status);
    }

    [Fact]
    public async Task Of_parallel_applies_against_one_version_one_wins()
    {
        await using BillingHost host = await PreparedAsync();
        string[] documents = [.. Enumerable.Range(0, 8).Select(i => Document.Replace("\"49\"", $"\"{i}\"", StringComparison.Ordinal))];
        Answered[] answers = await Task.WhenAll(documents.Select(document => ApplyAsync(host, document, 0)));
        Assert.Equal([200, 409, 409, 409, 409, 409, 409, 409], answers.Select(answer => answer.Status).Order());
        int winner = Array.FindIndex(answers, answer => answer.Status == 200);
        Assert.Empty(Changes(await PlanAsync(host, documents[winner])));
    }

    [Fact]
    public async Task Nothing_is_written_when_anything_is_refused()
    {
        await using BillingHost host = await PreparedAsync();
        string broken = Document.Replace("\"meter\":\"tokens\",\"price\"", "\"meter\":\"none\",\"price\"", StringComparison.Ordinal).Replace("\"USD\"", "\"XXX\"", StringComparison.Ordinal);
        Answered refused = await ApplyAsync(host, broken, 0);
        Assert.Equal(422, refused.Status);
        Assert.Contains("price_books[0].currency: 'XXX' is not a currency of ISO 4217", refused.Errors);
        Assert.Contains("price_books[0].plans[0].phases[0].components[1].meter: there is no meter 'none'", refused.Errors);
        Assert.Equal("""{"version":0,"catalog":{"products":[],"features":[],"tax_rates":[],"discounts":[],"overrides":[],"price_books":[]}}""", (await host.SendAsync("GET", "/v1/catalog")).Text);
    }

    [Fact]
    public async Task A_draft_is_somebodys_work_and_is_not_replaced()
    {
        await using BillingHost host = await PreparedAsync();
        await ApplyAsync(host, Document, 0);
        await host.SendAsync("PUT", "/v1/price-books/standard/draft?name=Standard", """{"currency":"USD","effective_from":"2026-01-01T00:00:00Z","plans":[]}""");
        string changed = Document.Replace("\"49\"", "\"59\"", StringComparison.Ordinal);
        Assert.Equal(409, (await PlanAsync(host, changed)).Status);
        Assert.Equal(409, (await ApplyAsync(host, changed, 2)).Status);
        Assert.Empty(Changes(await PlanAsync(host, Document)));
        await host.SendAsync("DELETE", $"{Versions}/2");
        Assert.Equal(200, (await ApplyAsync(host, changed, 3)).Status);
    }

    [Fact]
    public async Task What_lost_its_reference_is_exported_and_refused_until_it_is_mended()
    {
        await using BillingHost host = await PreparedAsync();
        await ApplyAsync(host, Document, 0);
        await host.SendAsync("POST", $"{Versions}/1/archive");
        await host.SendAsync("DELETE", "/v1/products/api");
        Answered refused = await PlanAsync(host, (await host.SendAsync("GET", "/v1/catalog")).Json.GetProperty("catalog").GetRawText());
        Assert.Equal(["features[0].product: there is no product 'api'"], refused.Errors);
        Assert.Contains("created product api", Changes(await PlanAsync(host, Document)));
    }

    private static string Row(JsonElement row) =>
        $"{row.GetProperty("quantity").GetString()}: {row.GetProperty("old").GetProperty("amount").GetString()} {row.GetProperty("new").GetProperty("amount").GetString()}";

    private static int Version(Answered answer) => answer.Json.GetProperty("version").GetInt32();

    private static IEnumerable<string> Changes(Answered answer)
    {
        Assert.Equal(200, answer.Status);
        return answer.Json.GetProperty("changes").EnumerateArray()
            .Select(change => $"{change.GetProperty("action").GetString()} {change.GetProperty("kind").GetString()} {change.GetProperty("key").GetString()}");
    }

    private static Task<Answered> PlanAsync(BillingHost host, string document) => host.SendAsync("POST", "/v1/catalog/plan", document);

    private static Task<Answered> ApplyAsync(BillingHost host, string document, int version) => host.SendAsync("POST", $"/v1/catalog/apply?expected_version={version}", document);

    private async Task<BillingHost> PreparedAsync()
    {
        BillingHost host = await BillingHost.StartAsync(engines);
        await host.CreateMeterAsync("tokens");
        return host;
    }
}
