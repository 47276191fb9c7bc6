using System.Text.Json;
using Metering.BillingCore.Tests.Testing;
using Xunit;

namespace Metering.BillingCore.Tests.Subscriptions;

public sealed class OperationTests(Engines engines)
{
    [Fact]
    public async Task A_change_now_holds_from_the_next_minute_and_keeps_the_seats()
    {
        await using Shop shop = await Shop.OpenAsync(engines);
        string id = await shop.SubscribeAsync("basic", ""","quantities":{"seats":"5"}""");
        shop.Set("2026-03-20T08:00:01Z");
        Answered changed = await shop.DoAsync(id, "change", """{"plan":"pro"}""");
        Assert.Equal((200, "2026-03-20T08:01:00Z"), (changed.Status, Text(changed.Json, "effective_at")));
        JsonElement now = changed.Json.GetProperty("subscription");
        Assert.Equal(("pro", "intro", "5"), (Text(now.GetProperty("terms"), "plan"), Text(now.GetProperty("terms"), "phase"), Text(now.GetProperty("terms").GetProperty("items")[1], "quantity")));
        Assert.Equal("2026-05-20T07:01:00Z", Text(now, "phase_end"));
        Assert.Equal("2026-03-10T12:01:00Z", Text(now, "bill_at"));
        Assert.Equal("prorate", await LastEffectsAsync(shop, id));
    }

    [Fact]
    public async Task A_change_can_wait_for_the_period_or_an_instant_and_be_taken_back()
    {
        await using Shop shop = await Shop.OpenAsync(engines);
        string id = await shop.SubscribeAsync();
        Answered later = await shop.DoAsync(id, "change", """{"quantities":{"seats":"9"},"at":"period_end"}""");
        JsonElement pending = later.Json.GetProperty("subscription").GetProperty("pending_change");
        Assert.Equal(("2026-03-10T12:01:00Z", "2026-04-09T22:00:00Z"), (Text(later.Json, "effective_at"), Text(pending, "at")));
        Assert.Equal("1", Text(later.Json.GetProperty("subscription").GetProperty("terms").GetProperty("items")[1], "quantity"));
        Answered other = await shop.DoAsync(id, "change", """{"plan":"yearly","at":"2026-04-01T00:00:00Z"}""");
        Assert.Equal("2026-04-01T00:00:00Z", Text(other.Json.GetProperty("subscription").GetProperty("pending_change"), "at"));
        Answered undone = await shop.DoAsync(id, "undo");
        Assert.False(undone.Json.GetProperty("subscription").TryGetProperty("pending_change", out _));
        Assert.Equal(409, (await shop.DoAsync(id, "undo")).Status);
    }

    [Fact]
    public async Task Of_several_intervals_the_period_ends_with_the_longest()
    {
        await using Shop shop = await Shop.OpenAsync(engines);
        string id = await shop.SubscribeAsync("yearly");
        Answered canceled = await shop.DoAsync(id, "cancel", """{"at":"period_end"}""");
        Assert.Equal("2027-03-09T23:00:00Z", Text(canceled.Json.GetProperty("subscription"), "cancel_at"));
        Assert.Equal(409, (await shop.DoAsync(id, "change", """{"plan":"basic"}""")).Status);
        Assert.Equal(200, (await shop.DoAsync(id, "undo")).Status);
        Assert.Equal(200, (await shop.DoAsync(id, "change", """{"plan":"basic"}""")).Status);
    }

    [Fact]
    public async Task A_cancellation_now_ends_it_and_a_backdated_one_ended_it()
    {
        await using Shop shop = await Shop.OpenAsync(engines);
        string id = await shop.SubscribeAsync("basic", ""","start":"2026-02-10T00:00:00Z" """);
        Answered canceled = await shop.DoAsync(id, "cancel", """{"at":"2026-03-01T00:00:00Z"}""");
        Assert.Equal(("canceled", "2026-03-01T00:00:00Z"), (Text(canceled.Json.GetProperty("subscription"), "state"), Text(canceled.Json.GetProperty("subscription"), "ended_at")));
        Answered again = await shop.DoAsync(id, "cancel");
        Assert.Equal((409, "It was canceled at 2026-03-01T00:00Z; nothing more happens to it."), (again.Status, Text(again.Json, "detail")));
        Assert.Equal("credit_unused,bill_final,revoke_access", await LastEffectsAsync(shop, id));
    }

    [Fact]
    public async Task A_pause_has_an_end_or_a_length_and_resuming_ends_it()
    {
        await using Shop shop = await Shop.OpenAsync(engines);
        string id = await shop.SubscribeAsync();
        Answered twice = await shop.DoAsync(id, "pause", """{"until":"2026-04-01T00:00:00Z","length":{"unit":"day"}}""");
        Assert.Equal((422, "A pause has an end or a length, not both."), (twice.Status, Text(twice.Json, "detail")));
        Answered paused = await shop.DoAsync(id, "pause", """{"length":{"unit":"month"},"keep":true}""");
        JsonElement pause = paused.Json.GetProperty("subscription").GetProperty("pause");
        Assert.Equal(("2026-04-10T11:01:00Z", true), (Text(pause, "until"), pause.GetProperty("keep").GetBoolean()));
        Assert.Equal("revoke_access", await LastEffectsAsync(shop, id));
        Assert.Equal(409, (await shop.DoAsync(id, "change", "{}")).Status);
        Assert.Equal(409, (await shop.DoAsync(id, "pause")).Status);
        Answered resumed = await shop.DoAsync(id, "resume");
        Assert.Equal("active", Text(resumed.Json.GetProperty("subscription"), "state"));
        Assert.Equal((409, "It is not paused: active."), ((await shop.DoAsync(id, "resume")).Status, Text((await shop.DoAsync(id, "resume")).Json, "detail")));
        Assert.Equal("at: must be now, or an instant that has passed", Assert.Single((await shop.DoAsync(id, "pause", """{"at":"2026-05-01T00:00:00Z"}""")).Errors));
    }

    [Fact]
    public async Task A_trial_is_extended_and_converted()
    {
        await using Shop shop = await Shop.OpenAsync(engines);
        string id = await shop.SubscribeAsync("pro");
        Assert.Equal(422, (await shop.DoAsync(id, "extend-trial", """{"until":"2026-03-10T12:01:00Z"}""")).Status);
        Answered extended = await shop.DoAsync(id, "extend-trial", """{"until":"2026-04-30T00:00:00Z"}""");
        Assert.Equal("2026-04-30T00:00:00Z", Text(extended.Json.GetProperty("subscription"), "trial_end"));
        Assert.Equal("It is in a trial, which costs nothing: extend it instead.", Text((await shop.DoAsync(id, "pause")).Json, "detail"));
        Answered converted = await shop.DoAsync(id, "convert-trial");
        JsonElement now = converted.Json.GetProperty("subscription");
        Assert.Equal(("active", "intro", "2026-03-10T12:01:00Z"), (Text(now, "state"), Text(now.GetProperty("terms"), "phase"), Text(now, "trial_end")));
        Assert.Equal("It is not in a trial: active.", Text((await shop.DoAsync(id, "extend-trial", """{"until":"2026-04-30T00:00:00Z"}""")).Json, "detail"));
    }

    [Fact]
    public async Task A_draft_is_activated_once()
    {
        await using Shop shop = await Shop.OpenAsync(engines);
        string id = await shop.SubscribeAsync("basic", ""","activate":false""");
        Assert.Equal("It has not started: draft, activate it first.", Text((await shop.DoAsync(id, "change", "{}")).Json, "detail"));
        shop.Set("2026-03-12T00:00:00Z");
        Answered activated = await shop.DoAsync(id, "activate", null, ("If-Match", "\"0\""));
        Assert.Equal((200, "2026-03-10T12:01:00Z", "active"), (activated.Status, Text(activated.Json, "effective_at"), Text(activated.Json.GetProperty("subscription"), "state")));
        Assert.Equal(409, (await shop.DoAsync(id, "activate")).Status);
    }

    [Fact]
    public async Task Another_subscription_follows_one_that_ends_and_then_the_end_stays()
    {
        await using Shop shop = await Shop.OpenAsync(engines);
        string first = await shop.SubscribeAsync();
        string next = await shop.SubscribeAsync("yearly", ""","start":"2026-05-01T00:00:00Z" """);
        Assert.Equal($"by: nothing ends {first}: cancel it at an instant first", Assert.Single((await shop.DoAsync(first, "follow", $$"""{"by":"{{next}}"}""")).Errors));
        await shop.DoAsync(first, "cancel", """{"at":"2026-05-01T00:00:00Z"}""");
        Assert.Equal("by: there is no subscription 'sub_x'", Assert.Single((await shop.DoAsync(first, "follow", """{"by":"sub_x"}""")).Errors));
        Assert.Equal(next, Text((await shop.DoAsync(first, "follow", $$"""{"by":"{{next}}"}""")).Json.GetProperty("subscription"), "followed_by"));
        Answered undo = await shop.DoAsync(first, "undo");
        Assert.Equal((409, $"Subscription {next} takes over when it ends, and counts on that."), (undo.Status, Text(undo.Json, "detail")));
    }

    [Fact]
    public async Task What_is_asked_for_comes_after_what_time_has_brought()
    {
        await using Shop shop = await Shop.OpenAsync(engines);
        string id = await shop.SubscribeAsync("pro");
        shop.Set("2026-03-25T09:00:00Z");
        Answered canceled = await shop.DoAsync(id, "cancel");
        Assert.Equal("2026-03-25T09:00:00Z", Text(canceled.Json, "effective_at"));
        Assert.Equal(
            "subscription.created,subscription.activated,subscription.trial_ended,subscription.canceled",
            await shop.ScalarAsync($"select string_agg(type, ',' order by seq) from billing.outbox where aggregate = 'subscription:{id}'"));
        Assert.Equal("2026-03-24 12:01:00+00", await shop.ScalarAsync($"select min(effective_at)::text from billing.subscription_fact where subscription = '{id}' and body ->> 'to' = 'active'"));
    }

    [Fact]
    public async Task Nothing_reaches_behind_what_is_recorded_and_nothing_is_done_by_halves()
    {
        await using Shop shop = await Shop.OpenAsync(engines);
        string id = await shop.SubscribeAsync();
        await shop.DoAsync(id, "change", """{"quantities":{"seats":"2"}}""");
        Answered refused = await shop.DoAsync(id, "cancel", """{"at":"2026-03-01T00:00:00Z"}""", ("Idempotency-Key", "c1"));
        Assert.Equal((422, "Something is recorded at 2026-03-10T12:01Z already, and nothing reaches behind it."), (refused.Status, Text(refused.Json, "detail")));
        Assert.Equal(refused.Text, (await shop.DoAsync(id, "cancel", """{"at":"2026-03-01T00:00:00Z"}""", ("Idempotency-Key", "c1"))).Text);
        Assert.Equal("3", await shop.ScalarAsync($"select count(*) from billing.outbox where aggregate = 'subscription:{id}'"));
        Assert.Equal(404, (await shop.DoAsync("sub_none", "cancel")).Status);
        Assert.Equal(400, (await shop.DoAsync(id, "cancel", "{")).Status);
        Assert.Equal("at: must be an instant in UTC such as 2026-01-01T00:00:00Z", Assert.Single((await shop.DoAsync(id, "cancel", """{"at":"tomorrow"}""")).Errors));
        Assert.Equal("why: is not a field here", Assert.Single((await shop.DoAsync(id, "cancel", """{"why":"price"}""")).Errors));
    }

    private static Task<string?> LastEffectsAsync(Shop shop, string id) => shop.ScalarAsync(
        $"select (select string_agg(e, ',') from json_array_elements_text(body -> 'effects') as e) from billing.outbox where aggregate = 'subscription:{id}' order by seq desc limit 1");

    private static string? Text(JsonElement element, string name) => element.TryGetProperty(name, out JsonElement value) ? value.GetString() : null;
}
