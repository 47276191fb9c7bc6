using System.Text.Json;
using Metering.BillingCore.Tests.Testing;
using Xunit;

namespace Metering.BillingCore.Tests.Subscriptions;

public sealed class ConcurrencyTests(Engines engines)
{
    private const int Writers = 50;
    private const int Rounds = 5;

    /// <summary>Each round, everybody writes what they read; exactly one is right, and the others are told.</summary>
    [Fact]
    public async Task Of_fifty_writers_on_one_revision_one_wins_and_the_history_is_that_of_the_winners()
    {
        await using Shop shop = await Shop.OpenAsync(engines);
        string id = await shop.SubscribeAsync();
        List<string> winners = ["1"];
        for (int round = 0; round < Rounds; round++)
        {
            string revision = $"\"{(await shop.GetAsync(id)).GetProperty("revision").GetInt64()}\"";
            int first = (round * Writers) + 2;
            Answered[] answers = await Task.WhenAll(Enumerable.Range(first, Writers).Select(seats =>
                shop.DoAsync(id, "change", Body(seats), ("If-Match", revision))));
            Assert.Equal([.. Enumerable.Repeat(412, Writers - 1), 200], answers.Select(answer => answer.Status).OrderDescending());
            winners.Add(Seats(answers.Single(answer => answer.Status == 200).Json.GetProperty("subscription").GetProperty("terms")));
        }

        JsonElement history = (await shop.Host.SendAsync("GET", $"{Shop.Subscriptions}/{id}/history")).Json;
        JsonElement[] facts = [.. history.GetProperty("facts").EnumerateArray()];
        Assert.Equal(Enumerable.Range(1, facts.Length).Select(n => (long)n), facts.Select(fact => fact.GetProperty("sequence").GetInt64()));
        Assert.Equal(winners, [Seats(history.GetProperty("draft").GetProperty("terms")), .. facts.Where(fact => fact.TryGetProperty("terms", out _)).Select(fact => Seats(fact.GetProperty("terms")))]);
        Assert.Equal(winners[^1], Seats((await shop.GetAsync(id)).GetProperty("terms")));
        Assert.Equal($"{Rounds}", await shop.ScalarAsync("select count(*) from billing.outbox where type = 'subscription.changed'"));
        Assert.Equal($"{Rounds}", await shop.ScalarAsync("select count(*) from billing.audit_log where action = 'subscription.changed'"));
    }

    /// <summary>Without a condition, everybody's change is made, one after the other.</summary>
    [Fact]
    public async Task Writers_that_do_not_care_come_one_after_the_other()
    {
        await using Shop shop = await Shop.OpenAsync(engines);
        string id = await shop.SubscribeAsync();
        Answered[] answers = await Task.WhenAll(Enumerable.Range(2, Writers).Select(seats => shop.DoAsync(id, "change", Body(seats))));
        Assert.All(answers, answer => Assert.True(answer.Status == 200, answer.Text));
        Assert.Equal(Writers, answers.Select(answer => answer.Json.GetProperty("subscription").GetProperty("revision").GetInt64()).Distinct().Count());
        Assert.Equal(
            await shop.ScalarAsync($"select string_agg(body #>> '{{terms,items,1,quantity}}', ',' order by seq) from billing.subscription_fact where body ->> 'fact' = 'terms_changed'"),
            string.Join(',', answers.OrderBy(answer => answer.Json.GetProperty("subscription").GetProperty("revision").GetInt64()).Select(answer => Seats(answer.Json.GetProperty("subscription").GetProperty("terms")))));
        Assert.Equal(
            string.Join(',', Enumerable.Range(2, Writers)),
            await shop.ScalarAsync("select string_agg(body ->> 'revision', ',' order by seq) from billing.outbox where type = 'subscription.changed'"));
    }

    private static string Body(int seats) => "{\"quantities\":{\"seats\":\"" + seats + "\"}}";

    private static string Seats(JsonElement terms) => terms.GetProperty("items").EnumerateArray().Single(item => item.GetProperty("component").GetString() == "seats").GetProperty("quantity").GetString()!;
}
