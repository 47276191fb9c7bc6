using System.Text.Json;
using Metering.BillingCore.Tests.Testing;
using Xunit;

namespace Metering.BillingCore.Tests.Subscriptions;

public sealed class CreationTests(Engines engines)
{
    [Fact]
    public async Task A_subscription_begins_at_the_next_whole_minute_with_an_audit_row_and_a_message()
    {
        await using Shop shop = await Shop.OpenAsync(engines);
        Answered made = await shop.CreateAsync("basic", ""","reference":"crm-1","quantities":{"seats":"5"},"metadata":{"deal":"7"}""");
        Assert.Equal((201, "\"1\"", "2026-03-10T12:01:00Z"), (made.Status, made.ETag, made.Json.GetProperty("effective_at").GetString()));
        JsonElement subscription = made.Json.GetProperty("subscription");
        string id = subscription.GetProperty("id").GetString()!;
        Assert.Matches("^sub_[0-9A-HJKMNP-TV-Z]{26}$", id);
        Assert.Equal(
            ("active", "EUR", "Europe/Berlin", "anniversary", "crm-1", "2026-03-10T12:01:00Z", "2026-03-10T12:01:00Z"),
            (Text(subscription, "state"), Text(subscription, "currency"), Text(subscription, "zone"), Text(subscription, "anchor"), Text(subscription, "reference"), Text(subscription, "begun_at"), Text(subscription, "bill_at")));
        JsonElement terms = subscription.GetProperty("terms");
        Assert.Equal((2, "basic", "main", "5"), (terms.GetProperty("version").GetInt32(), Text(terms, "plan"), Text(terms, "phase"), Text(terms.GetProperty("items")[1], "quantity")));
        Assert.Equal(subscription.GetRawText(), (await shop.GetAsync(id)).GetRawText());
        Assert.Equal("subscription.created api,subscription.activated api", await shop.ScalarAsync($"select string_agg(action || ' ' || actor, ',' order by seq) from billing.audit_log where subject = 'subscription:{id}'"));
        Assert.Equal("subscription.created,subscription.activated", await shop.ScalarAsync($"select string_agg(type, ',' order by seq) from billing.outbox where aggregate = 'subscription:{id}'"));
        Assert.Equal("start_periods,bill_advance,grant_access", await shop.ScalarAsync($"select string_agg(e, ',') from billing.outbox, json_array_elements_text(body -> 'effects') as e where aggregate = 'subscription:{id}'"));
        Assert.Equal("3", await shop.ScalarAsync($"select count(*) from billing.price_content"));
    }

    [Fact]
    public async Task A_reference_is_used_once_for_ever_and_a_key_makes_a_repetition_harmless()
    {
        await using Shop shop = await Shop.OpenAsync(engines);
        const string Body = """{"customer":"acme","price_book":"standard","plan":"basic","reference":"crm-1"}""";
        Answered first = await shop.Host.SendAsync("POST", Shop.Subscriptions, Body, ("Idempotency-Key", "k"));
        Answered again = await shop.Host.SendAsync("POST", Shop.Subscriptions, Body, ("Idempotency-Key", "k"));
        Assert.Equal((201, first.Text), (again.Status, again.Text));
        await shop.DoAsync(first.Json.GetProperty("subscription").GetProperty("id").GetString()!, "cancel");
        Answered other = await shop.Host.SendAsync("POST", Shop.Subscriptions, Body);
        Assert.Equal(409, other.Status);
        Assert.Contains("crm-1", other.Text, StringComparison.Ordinal);
        Assert.Equal("1", await shop.ScalarAsync("select count(*) from billing.subscription"));
    }

    /// <summary>The plan takes usage, so another subscription of the customer would be refused with 422: but it is no other, it is the same again.</summary>
    [Fact]
    public async Task A_reference_that_was_used_is_said_before_anything_else_is_wrong()
    {
        await using Shop shop = await Shop.OpenAsync(engines);
        const string Body = """{"customer":"acme","price_book":"standard","plan":"basic","reference":"crm-1"}""";
        Assert.Equal(201, (await shop.Host.SendAsync("POST", Shop.Subscriptions, Body)).Status);
        Answered again = await shop.Host.SendAsync("POST", Shop.Subscriptions, Body);
        Assert.Equal(409, again.Status);
        Assert.Contains("crm-1", again.Text, StringComparison.Ordinal);
        Assert.Equal(422, (await shop.Host.SendAsync("POST", Shop.Subscriptions, Body.Replace("crm-1", "crm-2", StringComparison.Ordinal))).Status);
    }

    [Theory]
    [InlineData("", "draft", null)]
    [InlineData(""","start":"2026-05-01T00:00:00Z" """, "scheduled", null)]
    [InlineData(""","first_payment":true""", "incomplete", "2026-03-10T12:01:00Z")]
    [InlineData(""","start":"2026-02-10T00:00:00Z" """, "active", "2026-03-10T12:00:00Z")]
    public async Task Where_it_begins_its_life_depends_on_how_it_was_agreed(string more, string state, string? billAt)
    {
        await using Shop shop = await Shop.OpenAsync(engines);
        string id = await shop.SubscribeAsync("basic", more.Length == 0 ? ""","activate":false""" : more);
        JsonElement made = await shop.GetAsync(id);
        Assert.Equal((state, billAt), (Text(made, "state"), Text(made, "bill_at")));
    }

    [Fact]
    public async Task A_trial_lasts_on_the_customers_clock_and_what_follows_is_known()
    {
        await using Shop shop = await Shop.OpenAsync(engines);
        JsonElement made = await shop.GetAsync(await shop.SubscribeAsync("pro", ""","start":"2026-03-20T11:30:00Z","quantities":{"seats":"3"}"""));
        Assert.Equal("2026-04-03T10:30:00Z", Text(made, "trial_end"));
        JsonElement terms = made.GetProperty("terms");
        Assert.Equal(("try", "intro", "main"), (Text(terms, "phase"), Text(terms.GetProperty("next").GetProperty("terms"), "phase"), Text(terms.GetProperty("next").GetProperty("terms").GetProperty("next").GetProperty("terms"), "phase")));
        JsonElement skipped = await shop.GetAsync(await shop.SubscribeAsync("pro", ""","start":"2027-03-10T11:30:00Z","skip_trial":true""", await OtherAsync(shop)));
        Assert.Equal(("intro", null), (Text(skipped.GetProperty("terms"), "phase"), Text(skipped, "trial_end")));
    }

    [Fact]
    public async Task A_backdated_start_has_its_past_recorded_at_its_own_instants()
    {
        await using Shop shop = await Shop.OpenAsync(engines);
        shop.Set("2026-09-10T00:00:10Z");
        string id = await shop.SubscribeAsync("pro", ""","start":"2026-02-10T00:00:00Z" """);
        JsonElement[] facts = [.. (await shop.Host.SendAsync("GET", $"{Shop.Subscriptions}/{id}/history")).Json.GetProperty("facts").EnumerateArray()];
        Assert.Equal(
            ["moved 2026-02-10T00:00:00Z", "terms_changed 2026-02-24T00:00:00Z", "phase_end_set 2026-02-24T00:00:00Z", "moved 2026-02-24T00:00:00Z", "terms_changed 2026-04-23T23:00:00Z", "phase_end_set 2026-04-23T23:00:00Z"],
            facts.Select(fact => $"{Text(fact, "fact")} {Text(fact, "effective_at")}"));
        Assert.All(facts, fact => Assert.Equal("2026-09-10T00:00:10Z", Text(fact, "recorded_at")));
        Assert.Equal(("main", "2026-09-10T00:00:00Z"), (Text((await shop.GetAsync(id)).GetProperty("terms"), "phase"), Text(await shop.GetAsync(id), "bill_at")));
        Assert.Equal("clock", await shop.ScalarAsync($"select actor from billing.audit_log where action = 'subscription.trial_ended' and subject = 'subscription:{id}'"));
    }

    [Theory]
    [InlineData("basic", ""","start":"2025-12-31T23:59:00Z" """, "price_book: price book 'standard' has no published version that can be had at 2025-12-31T23:59Z")]
    [InlineData("basic", ""","version":2,"start":"2026-01-15T00:00:00Z" """, "version: version 2 of price book 'standard' can be had from 2026-02-01T00:00Z on, not from 2026-01-15T00:00Z")]
    [InlineData("basic", ""","version":9""", "version: price book 'standard' has no published version 9")]
    [InlineData("gold", "", "plan: version 2 of price book 'standard' has no plan 'gold'")]
    [InlineData("basic", ""","quantities":{"tokens":"5"}""", "quantities.tokens: is no component of plan 'basic' that is sold by the seat")]
    [InlineData("basic", ""","quantities":{"seats":"0.5"}""", "quantities.seats: must be a whole number of seats, 0 or more")]
    [InlineData("basic", ""","quantities":{"seats":5}""", "quantities.seats: must be a string")]
    [InlineData("basic", ""","start":"2026-03-10T12:00:30Z" """, "start: must be a whole minute")]
    [InlineData("basic", ""","end":"2026-01-01T00:00:00Z" """, "end: must be after the start")]
    [InlineData("basic", ""","trial_end":"2026-04-01T00:00:00Z" """, "trial_end: is for a plan that has a trial")]
    [InlineData("pro", ""","trial_end":"2026-04-01T00:00:00Z","skip_trial":true""", "trial_end: is of no use together with skip_trial")]
    [InlineData("basic", ""","anchor":"full moon" """, "anchor: must be anniversary, instant, calendar, or a day such as 'day 31'")]
    public async Task What_must_be_refused_is_refused_with_its_path(string plan, string more, string error)
    {
        await using Shop shop = await Shop.OpenAsync(engines);
        Answered refused = await shop.CreateAsync(plan, more);
        Assert.Equal(422, refused.Status);
        Assert.Contains(error, refused.Errors);
        Assert.Equal("0", await shop.ScalarAsync("select count(*) from billing.subscription"));
    }

    [Fact]
    public async Task An_archived_version_takes_nobody_new_and_who_has_it_can_have_more_seats()
    {
        await using Shop shop = await Shop.OpenAsync(engines);
        string id = await shop.SubscribeAsync("basic", ""","version":1""");
        await shop.Host.SendAsync("POST", "/v1/price-books/standard/versions/1/archive");
        Answered refused = await shop.CreateAsync("basic", ""","version":1""", await OtherAsync(shop));
        Assert.Equal("version: version 1 of price book 'standard' is archived: nobody new can have it", Assert.Single(refused.Errors));
        Assert.Equal(200, (await shop.DoAsync(id, "change", """{"quantities":{"seats":"2"}}""")).Status);
    }

    [Fact]
    public async Task A_customer_pays_in_one_currency()
    {
        await using Shop shop = await Shop.OpenAsync(engines);
        await shop.PutAsync("/v1/customers/us", """{"currency":"USD"}""");
        Assert.Equal("plan: is priced in EUR, and the customer pays in USD", Assert.Single((await shop.CreateAsync(customer: "us")).Errors));
        Assert.Equal("customer: there is no customer 'nobody'", Assert.Single((await shop.CreateAsync(customer: "nobody")).Errors));
    }

    [Fact]
    public async Task No_event_is_billed_by_two_subscriptions_of_a_customer()
    {
        await using Shop shop = await Shop.OpenAsync(engines);
        string id = await shop.SubscribeAsync("basic");
        Answered refused = await shop.CreateAsync("pro");
        Assert.Equal($"plan: component 'tokens' can take an event that 'tokens' of subscription {id} bills: no event is billed twice", Assert.Single(refused.Errors));
        string beside = await shop.SubscribeAsync("big");
        Assert.Equal(422, (await shop.DoAsync(beside, "change", """{"plan":"basic"}""")).Status);
        Assert.Equal(200, (await shop.DoAsync(id, "cancel", """{"at":"2026-05-01T00:00:00Z"}""")).Status);
        Assert.Equal(422, (await shop.CreateAsync("basic", ""","start":"2026-04-30T23:59:00Z" """)).Status);
        await shop.SubscribeAsync("basic", ""","start":"2026-05-01T00:00:00Z" """);
        Answered undo = await shop.DoAsync(id, "undo");
        Assert.Equal(409, undo.Status);
        Assert.Contains("It cannot go on", undo.Text, StringComparison.Ordinal);
        await shop.SubscribeAsync("pro", customer: await OtherAsync(shop));
    }

    [Fact]
    public async Task Of_many_who_subscribe_a_customer_at_once_one_has_the_usage()
    {
        await using Shop shop = await Shop.OpenAsync(engines);
        Answered[] answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => shop.CreateAsync()));
        Assert.Equal([.. Enumerable.Repeat(422, 19), 201], answers.Select(answer => answer.Status).OrderDescending());
    }

    [Fact]
    public async Task What_a_customer_pays_instead_is_pinned_when_it_subscribes_or_changes()
    {
        await using Shop shop = await Shop.OpenAsync(engines);
        string id = await shop.SubscribeAsync();
        string listed = Price(await shop.GetAsync(id));
        await shop.PutAsync("/v1/overrides/acme", """{"customer":"acme","price_book":"standard","plan":"basic","component":"tokens","valid_from":"2026-01-01T00:00:00Z","price":{"model":"per_unit","unit":"0.01"}}""");
        Assert.Equal(listed, Price(await shop.GetAsync(id)));
        Answered changed = await shop.DoAsync(id, "change");
        Assert.NotEqual(listed, Price(changed.Json.GetProperty("subscription")));
        Assert.Equal(listed, Price(await shop.GetAsync(await shop.SubscribeAsync(customer: await OtherAsync(shop)))));
        Assert.Equal("""{"interval":{"unit":"month","count":1},"prorate":"day","meter":"tokens","filter":[{"property":"model","values":["small"]}],"price":{"model":"per_unit","unit":"0.01"}}""",
            await shop.ScalarAsync($"select body::text from billing.price_content where price = '{Price(changed.Json.GetProperty("subscription"))}'"));
    }

    [Fact]
    public async Task Subscriptions_are_listed_by_what_they_are()
    {
        await using Shop shop = await Shop.OpenAsync(engines);
        string other = await OtherAsync(shop);
        string one = await shop.SubscribeAsync("basic", ""","version":1""");
        shop.Time.Advance(TimeSpan.FromMilliseconds(1)); // ids are in the order of time
        string two = await shop.SubscribeAsync("basic", ""","reference":"r" """, other);
        shop.Time.Advance(TimeSpan.FromMilliseconds(1));
        string three = await shop.SubscribeAsync("yearly", customer: other);
        Assert.Equal([one, two, three], await ListAsync(shop, ""));
        Assert.Equal([two, three], await ListAsync(shop, $"?customer={other}"));
        Assert.Equal([one], await ListAsync(shop, "?price_book=standard&version=1"));
        Assert.Equal([three], await ListAsync(shop, "?plan=yearly&state=active"));
        Assert.Equal([two], await ListAsync(shop, "?reference=r"));
        Assert.Empty(await ListAsync(shop, "?state=canceled"));
        JsonElement page = (await shop.Host.SendAsync("GET", $"{Shop.Subscriptions}?limit=2")).Json;
        Assert.Equal([three], await ListAsync(shop, $"?limit=2&cursor={Text(page, "next_cursor")}"));
        Assert.Equal(400, (await shop.Host.SendAsync("GET", $"{Shop.Subscriptions}?state=asleep")).Status);
        Assert.Equal(404, (await shop.Host.SendAsync("GET", $"{Shop.Subscriptions}/sub_none")).Status);
    }

    private static async Task<string[]> ListAsync(Shop shop, string query) =>
        [.. (await shop.Host.SendAsync("GET", $"{Shop.Subscriptions}{query}")).Json.GetProperty("items").EnumerateArray().Select(one => Text(one, "id")!)];

    private static async Task<string> OtherAsync(Shop shop)
    {
        await shop.PutAsync("/v1/customers/other", "{}");
        return "other";
    }

    private static string Price(JsonElement subscription) => Text(subscription.GetProperty("terms").GetProperty("items")[2], "price")!;

    private static string? Text(JsonElement element, string name) => element.TryGetProperty(name, out JsonElement value) ? value.GetString() : null;
}
