using System.Text.Json;
using Metering.BillingCore.Tests.Runs;
using Metering.BillingCore.Tests.Testing;
using Xunit;

namespace Metering.BillingCore.Tests.Unbilled;

public sealed class UnbilledUsageTests(Engines engines)
{
    private const string January = "/v1/unbilled-usage?from=2026-01-01T00:00:00Z&to=2026-02-01T00:00:00Z";

    [Fact]
    public async Task Usage_is_listed_with_why_nobody_is_billed_for_it()
    {
        await using Seller seller = await Seller.OpenAsync(engines);
        await seller.PutAsync("/v1/price-books/flat/draft", """
            {"currency":"USD","effective_from":"2020-01-01T00:00:00Z","plans":[{"key":"flat","product":"api","phases":[{"key":"main","components":[{"key":"base","price":{"model":"flat","amount":"5"}}]}]}]}
            """);
        await seller.PostAsync("/v1/price-books/flat/versions/1/publish", "");
        string gone = await seller.SubscribeAsync("gone");
        string resting = await seller.SubscribeAsync("resting");
        await seller.PutAsync("/v1/customers/flat", """{"name":"flat"}""");
        await seller.PutAsync("/v1/customers/flat/subjects/flat", "{}");
        string flat = (await seller.PostAsync("/v1/subscriptions", """{"customer":"flat","price_book":"flat","plan":"flat"}""")).GetProperty("subscription").GetProperty("id").GetString()!;
        await seller.PutAsync("/v1/customers/idle", """{"name":"idle"}""");
        await seller.PutAsync("/v1/customers/idle/subjects/idle", """{"from":"2026-01-05T00:00:00Z","until":"2026-01-20T00:00:00Z"}""");
        seller.Set("2026-01-14T23:59:30Z");
        string late = await seller.SubscribeAsync("late", more: ""","start":"2026-01-10T00:00:00Z" """);
        await seller.PostAsync($"/v1/subscriptions/{resting}/pause", "{}");
        await seller.PostAsync($"/v1/subscriptions/{gone}/cancel", "{}");
        seller.Set("2026-01-16T23:59:30Z");
        await seller.PostAsync($"/v1/subscriptions/{resting}/resume", "{}");
        foreach (string subject in new[] { "late", "gone", "resting", "flat", "idle" })
        {
            await seller.UseAsync(subject, "2026-01-04T23:59:00Z", "1");
            await seller.UseAsync(subject, "2026-01-15T00:00:00Z", "10");
            await seller.UseAsync(subject, "2026-01-16T23:59:00Z", "100", "large");
        }

        await seller.SealAsync("2026-02-01");
        Assert.Equal(
            [
                $"flat not_priced flat {flat} 111 (3) 2026-01-04T23:59:00Z–2026-01-16T23:59:00Z",
                $"gone after_end gone {gone} 110 (2) 2026-01-15T00:00:00Z–2026-01-16T23:59:00Z",
                "idle no_customer   1 (1) 2026-01-04T23:59:00Z–2026-01-04T23:59:00Z",
                "idle no_subscription idle  110 (2) 2026-01-15T00:00:00Z–2026-01-16T23:59:00Z",
                $"late before_start late {late} 1 (1) 2026-01-04T23:59:00Z–2026-01-04T23:59:00Z",
                $"resting paused resting {resting} 110 (2) 2026-01-15T00:00:00Z–2026-01-16T23:59:00Z",
            ],
            await ListAsync(seller));
        Assert.Equal(["resting paused large 100", "resting paused small 10"], await CellsAsync(seller, "&subject=resting"));
        Assert.Equal(["idle no_customer small 1"], await CellsAsync(seller, "&reason=no_customer"));
    }

    [Fact]
    public async Task Only_what_a_filter_leaves_out_is_unbilled_and_a_trial_takes_what_it_prices()
    {
        await using Seller seller = await Seller.OpenAsync(engines);
        await UnbilledWorld.SellAsync(seller);
        await seller.SubscribeAsync("acme", "small", book: "mixed");
        await seller.SubscribeAsync("trying", "tried", book: "mixed");
        foreach (string subject in new[] { "acme", "trying" })
        {
            await seller.UseAsync(subject, "2026-01-03", "1");
            await seller.UseAsync(subject, "2026-01-03", "10", "large");
        }

        await seller.SealAsync("2026-02-01");
        Assert.Equal(["acme not_priced large 10"], await CellsAsync(seller, ""));
    }

    [Fact]
    public async Task Pages_go_on_where_the_last_one_ended_as_of_the_same_seal()
    {
        await using Seller seller = await Seller.OpenAsync(engines);
        for (int i = 1; i <= 5; i++)
        {
            await seller.UseAsync($"s{i}", "2026-01-03", "1");
            await seller.UseAsync($"s{i}", "2026-01-03", "2", "large");
        }

        await seller.SealAsync("2026-02-01");
        JsonElement first = await PageAsync(seller, "&cells=true&limit=3");
        await seller.UseAsync("s9", "2026-01-03", "1");
        await seller.SealAsync("2026-02-02");
        List<string> all = [.. first.GetProperty("items").EnumerateArray().Select(Cell)];
        for (JsonElement page = first; page.GetProperty("next_cursor").GetString() is { } cursor;)
        {
            page = await PageAsync(seller, $"&cells=true&limit=3&cursor={cursor}");
            Assert.Equal(1, page.GetProperty("seal").GetInt32());
            all.AddRange(page.GetProperty("items").EnumerateArray().Select(Cell));
        }

        Assert.Equal(Enumerable.Range(1, 5).SelectMany(i => new[] { $"s{i} no_customer large 2", $"s{i} no_customer small 1" }), all);
        Assert.Equal(6, (await PageAsync(seller, "")).GetProperty("items").GetArrayLength());
    }

    [Theory]
    [InlineData("?to=2026-02-01T00:00:00Z", "from is required: a whole minute in UTC such as 2026-01-01T00:00:00Z.")]
    [InlineData("?from=2026-01-01T00:00:30Z&to=2026-02-01T00:00:00Z", "from must be a whole minute in UTC such as 2026-01-01T00:00:00Z.")]
    [InlineData("?from=2026-02-01T00:00:00Z&to=2026-02-01T00:00:00Z", "to must be after from.")]
    [InlineData("?from=2024-01-01T00:00:00Z&to=2026-02-01T00:00:00Z", "to must be at most 366 days after from: ask for one year after the other.")]
    [InlineData("?from=2026-01-01T00:00:00Z&to=2026-02-01T00:00:00Z&reason=lazy", "reason must be one of no_customer, no_subscription, before_start, after_end, paused, not_priced.")]
    [InlineData("?from=2026-01-01T00:00:00Z&to=2026-02-01T00:00:00Z&meter=tokens", "meter: there is no meter 'tokens' with usage.")]
    [InlineData("?from=2026-01-01T00:00:00Z&to=2026-02-01T00:00:00Z&cells=maybe", "cells must be true or false.")]
    [InlineData("?from=2026-01-01T00:00:00Z&to=2026-02-01T00:00:00Z&cursor=eA", "cursor is not one that this endpoint gave out.")]
    public async Task What_cannot_be_asked_is_refused_with_what_can(string query, string detail)
    {
        await using Seller seller = await Seller.OpenAsync(engines);
        await seller.SealAsync("2026-02-01");
        Answered refused = await seller.Host.SendAsync("GET", $"/v1/unbilled-usage{query}");
        Assert.Equal((400, detail), (refused.Status, refused.Json.GetProperty("detail").GetString()));
    }

    [Fact]
    public async Task Without_a_seal_there_is_nothing_to_look_at()
    {
        await using Seller seller = await Seller.OpenAsync(engines);
        Assert.Equal(409, (await seller.Host.SendAsync("GET", January)).Status);
    }

    private static async Task<JsonElement> PageAsync(Seller seller, string more)
    {
        Answered answer = await seller.Host.SendAsync("GET", January + more);
        Assert.True(answer.Status == 200, answer.Text);
        return answer.Json;
    }

    private static async Task<IEnumerable<string>> ListAsync(Seller seller) => (await PageAsync(seller, "")).GetProperty("items").EnumerateArray().Select(one =>
        $"{Text(one, "subject")} {Text(one, "reason")} {Text(one, "customer")} {Text(one, "subscription")} {Text(one, "quantity")} ({one.GetProperty("events")}) {Text(one, "first_minute")}–{Text(one, "last_minute")}");

    private static async Task<IEnumerable<string>> CellsAsync(Seller seller, string more) => (await PageAsync(seller, "&cells=true" + more)).GetProperty("items").EnumerateArray().Select(Cell);

    private static string Cell(JsonElement one) => $"{Text(one, "subject")} {Text(one, "reason")} {Text(one.GetProperty("cell"), "model")} {Text(one, "quantity")}";

    private static string Text(JsonElement one, string name) => one.GetProperty(name).GetString() ?? "";
}
