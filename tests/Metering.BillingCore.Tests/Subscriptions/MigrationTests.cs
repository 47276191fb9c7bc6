using System.Text.Json;
using Metering.BillingCore.Tests.Testing;
using Xunit;

namespace Metering.BillingCore.Tests.Subscriptions;

public sealed class MigrationTests(Engines engines)
{
    private const string Migrate = $"{Shop.Subscriptions}/migrate";

    [Fact]
    public async Task A_dry_run_lists_who_and_does_nothing_and_the_run_does_what_it_listed()
    {
        await using Shop shop = await Shop.OpenAsync(engines);
        string[] ids = await SubscribeManyAsync(shop, 5);
        Answered dry = await shop.Host.SendAsync("POST", Migrate, """{"price_book":"standard","version":2,"dry_run":true}""");
        Assert.Equal((200, 5, 0), (dry.Status, dry.Json.GetProperty("migrated").GetInt32(), dry.Json.GetProperty("refused").GetInt32()));
        Assert.Equal("0", await shop.ScalarAsync("select count(*) from billing.subscription_fact where body ->> 'fact' = 'terms_changed'"));
        Answered done = await shop.Host.SendAsync("POST", Migrate, """{"price_book":"standard","version":2}""");
        Assert.Equal(dry.Json.GetProperty("items").GetRawText(), done.Json.GetProperty("items").GetRawText());
        Assert.Equal(ids, done.Json.GetProperty("items").EnumerateArray().Select(one => one.GetProperty("subscription").GetString()!));
        Assert.Equal("2026-03-10T12:01:00Z", done.Json.GetProperty("items")[0].GetProperty("effective_at").GetString());
        Assert.Equal("5 5 5", await shop.ScalarAsync(
            "select (select count(*) from billing.subscription where book_version = 2) || ' ' || (select count(*) from billing.outbox where type = 'subscription.changed') || ' ' || (select count(*) from billing.audit_log where action = 'subscription.changed')"));
        Answered again = await shop.Host.SendAsync("POST", Migrate, """{"price_book":"standard","version":2}""");
        Assert.Empty(again.Json.GetProperty("items").EnumerateArray());
    }

    [Fact]
    public async Task Each_waits_for_the_end_of_its_own_period()
    {
        await using Shop shop = await Shop.OpenAsync(engines);
        string first = (await SubscribeManyAsync(shop, 1))[0];
        shop.Set("2026-03-20T00:00:00Z");
        await shop.PutAsync("/v1/customers/late", "{}");
        string second = await shop.SubscribeAsync("basic", ""","version":1""", "late");
        Answered done = await shop.Host.SendAsync("POST", Migrate, """{"price_book":"standard","version":2,"at":"period_end"}""");
        Assert.Equal(["2026-04-10T00:00:00Z", "2026-04-20T00:00:00Z"], done.Json.GetProperty("items").EnumerateArray().Select(one => one.GetProperty("effective_at").GetString()));
        Assert.Equal("2026-04-20T00:00:00Z", (await shop.GetAsync(second)).GetProperty("pending_change").GetProperty("at").GetString());
        Assert.Equal(1, (await shop.GetAsync(first)).GetProperty("terms").GetProperty("version").GetInt32());
    }

    [Fact]
    public async Task It_goes_over_pages_and_by_filter_and_one_that_cannot_holds_nobody_up()
    {
        await using Shop shop = await Shop.OpenAsync(engines);
        string[] ids = await SubscribeManyAsync(shop, 5);
        await shop.DoAsync(ids[1], "pause");
        await shop.DoAsync(ids[2], "cancel");
        List<JsonElement> items = [];
        string? cursor = "null";
        while (cursor is not null)
        {
            Answered page = await shop.Host.SendAsync("POST", Migrate, $$"""{"price_book":"standard","version":2,"from_version":1,"plan":"basic","limit":2,"cursor":{{cursor}}}""");
            items.AddRange(page.Json.GetProperty("items").EnumerateArray());
            cursor = page.Json.GetProperty("next_cursor").GetString() is { } next ? $"\"{next}\"" : null;
        }

        Assert.Equal([ids[0], ids[1], ids[3], ids[4]], items.Select(one => one.GetProperty("subscription").GetString()!));
        Assert.Equal("It is paused: resume it first.", items[1].GetProperty("refused").GetString());
        Assert.Equal("3", await shop.ScalarAsync("select count(*) from billing.subscription where book_version = 2"));
        Answered none = await shop.Host.SendAsync("POST", Migrate, $$"""{"price_book":"standard","version":7,"subscriptions":["{{ids[0]}}"]}""");
        Assert.Equal("version: price book 'standard' has no published version 7", none.Json.GetProperty("items")[0].GetProperty("refused").GetString());
    }

    [Theory]
    [InlineData("""{"price_book":"standard"}""", "version: is required: the one they are to have")]
    [InlineData("""{"price_book":"standard","version":2,"from_version":2}""", "from_version: must be another version than the one they are to have")]
    [InlineData("""{"price_book":"standard","version":2,"at":"2026-04-01T00:00:00Z"}""", "at: must be now or period_end")]
    [InlineData("""{"price_book":"standard","version":2,"limit":5000}""", "limit: must be a JSON integer from 1 to 1000")]
    public async Task What_must_be_refused_is_refused_with_its_path(string body, string error)
    {
        await using BillingHost host = await BillingHost.StartAsync(engines);
        Assert.Contains(error, (await host.SendAsync("POST", Migrate, body)).Errors);
    }

    private static async Task<string[]> SubscribeManyAsync(Shop shop, int count)
    {
        List<string> ids = [];
        for (int i = 0; i < count; i++)
        {
            await shop.PutAsync($"/v1/customers/c{i}", "{}");
            ids.Add(await shop.SubscribeAsync("basic", ""","version":1""", $"c{i}"));
            shop.Time.Advance(TimeSpan.FromMilliseconds(1));
        }

        return [.. ids];
    }
}
