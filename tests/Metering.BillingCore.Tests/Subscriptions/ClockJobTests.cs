using System.Text.Json;
using Metering.Billing.Postgres.Jobs;
using Metering.BillingCore.Subscriptions;
using Metering.BillingCore.Tests.Testing;
using Npgsql;
using Xunit;

namespace Metering.BillingCore.Tests.Subscriptions;

public sealed class ClockJobTests(Engines engines)
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_time_brings_is_recorded_at_its_own_instant_however_late_it_is_found()
    {
        await using Shop shop = await Shop.OpenAsync(engines);
        string trial = await shop.SubscribeAsync("pro");
        await shop.PutAsync("/v1/customers/b", "{}");
        string scheduled = await shop.SubscribeAsync("basic", ""","start":"2026-03-11T00:00:00Z","end":"2026-04-11T00:00:00Z" """, "b");
        await shop.PutAsync("/v1/customers/c", "{}");
        string paused = await shop.SubscribeAsync("basic", customer: "c");
        await shop.DoAsync(paused, "pause", """{"until":"2026-03-15T00:00:00Z"}""");
        await shop.PutAsync("/v1/customers/d", "{}");
        string changing = await shop.SubscribeAsync("basic", customer: "d");
        await shop.DoAsync(changing, "change", """{"plan":"yearly","at":"2026-03-20T00:00:00Z"}""");
        await shop.PutAsync("/v1/customers/e", "{}");
        string canceling = await shop.SubscribeAsync("basic", customer: "e");
        await shop.DoAsync(canceling, "cancel", """{"at":"period_end"}""");

        await using Ownership mine = await Testing.Jobs.TakeAsync(shop.Database, SubscriptionClockJob.Job);
        SubscriptionClockJob clock = Testing.Jobs.Clock(shop);
        Assert.Equal(0, await clock.StepAsync(mine, Stop));
        shop.Set("2026-08-01T00:00:00Z");
        Assert.Equal(5, await clock.StepAsync(mine, Stop));
        Assert.Equal(0, await clock.StepAsync(mine, Stop));

        Assert.Equal("active main", await StateAsync(shop, trial));
        Assert.Equal("trialing@2026-03-10T12:01 active@2026-03-24T12:01", await MovesAsync(shop, trial));
        Assert.Equal("scheduled@2026-03-10T12:01 active@2026-03-11T00:00 expired@2026-04-11T00:00", await MovesAsync(shop, scheduled));
        Assert.Equal("active@2026-03-10T12:01 paused@2026-03-10T12:01 active@2026-03-15T00:00", await MovesAsync(shop, paused));
        Assert.Equal("yearly", (await shop.GetAsync(changing)).GetProperty("terms").GetProperty("plan").GetString());
        Assert.Equal("active@2026-03-10T12:01 canceled@2026-04-10T00:00", await MovesAsync(shop, canceling));
        Assert.Equal("clock", await shop.ScalarAsync("select distinct actor from billing.audit_log where action in ('subscription.trial_ended', 'subscription.started', 'subscription.ended', 'subscription.resumed')"));
        Assert.Equal("2026-03-10 12:01:00+00", await shop.ScalarAsync($"select bill_at::text from billing.subscription where id = '{trial}'"));
        Assert.Equal("2026-08-01 00:00:00+00", await shop.ScalarAsync($"select bill_at::text from billing.subscription where id = '{scheduled}'"));
    }

    [Fact]
    public async Task A_first_payment_is_waited_for_as_long_as_it_was_said()
    {
        await using Shop shop = await Shop.OpenAsync(engines);
        string id = await shop.SubscribeAsync("basic", ""","first_payment":true,"start":"2026-02-10T00:00:00Z" """);
        await using Ownership mine = await Testing.Jobs.TakeAsync(shop.Database, SubscriptionClockJob.Job);
        SubscriptionClockJob clock = Testing.Jobs.Clock(shop);
        shop.Set("2026-03-11T11:00:59Z");
        Assert.Equal(0, await clock.StepAsync(mine, Stop));
        shop.Set("2026-03-11T11:01:30Z");
        Assert.Equal(1, await clock.StepAsync(mine, Stop));
        Assert.Equal("incomplete@2026-02-10T00:00 expired@2026-03-11T11:02", await MovesAsync(shop, id));
        Assert.Equal("void_first_invoice", await shop.ScalarAsync("select string_agg(e, ',') from billing.outbox, json_array_elements_text(body -> 'effects') as e where type = 'subscription.lapsed'"));
    }

    /// <summary>What cannot be read is left due, and said; the others go on.</summary>
    [Fact]
    public async Task One_that_cannot_be_moved_holds_nobody_up()
    {
        await using Shop shop = await Shop.OpenAsync(engines);
        List<string> ids = [];
        for (int i = 0; i < 5; i++)
        {
            await shop.PutAsync($"/v1/customers/c{i}", "{}");
            ids.Add(await shop.SubscribeAsync("basic", ""","start":"2026-03-11T00:00:00Z" """, $"c{i}"));
            shop.Time.Advance(TimeSpan.FromMilliseconds(1));
        }

        await using (NpgsqlCommand damage = shop.Database.Source.CreateCommand($"update billing.subscription set draft = '{{}}' where id = '{ids[2]}'"))
        {
            await damage.ExecuteNonQueryAsync(Stop);
        }

        shop.Set("2026-03-12T00:00:00Z");
        await using Ownership mine = await Testing.Jobs.TakeAsync(shop.Database, SubscriptionClockJob.Job);
        Assert.Equal(4, await Testing.Jobs.Clock(shop).StepAsync(mine, Stop));
        Assert.Equal("4 1", await shop.ScalarAsync("select count(*) filter (where state = 'active') || ' ' || count(*) filter (where state = 'scheduled') from billing.subscription"));
    }

    [Fact]
    public async Task A_zombie_moves_nothing()
    {
        await using Shop shop = await Shop.OpenAsync(engines);
        await shop.SubscribeAsync("basic", ""","start":"2026-03-11T00:00:00Z" """);
        shop.Set("2026-03-12T00:00:00Z");
        Ownership zombie = await Testing.Jobs.TakeAsync(shop.Database, SubscriptionClockJob.Job);
        await using (NpgsqlCommand later = shop.Database.Source.CreateCommand("update billing.job set token = token + 1"))
        {
            await later.ExecuteNonQueryAsync(Stop);
        }

        await Assert.ThrowsAsync<OwnershipLostException>(() => Testing.Jobs.Clock(shop).StepAsync(zombie, Stop));
        Assert.Equal("scheduled", await shop.ScalarAsync("select state from billing.subscription"));
        await zombie.DisposeAsync();
    }

    [Fact]
    public async Task Many_tenants_and_more_than_a_batch_are_moved_in_one_step()
    {
        await using Shop shop = await Shop.OpenAsync(engines);
        await shop.SubscribeAsync("basic", ""","start":"2026-03-11T00:00:00Z" """);
        await using (NpgsqlCommand copy = shop.Database.Source.CreateCommand(
            """
            insert into billing.subscription (tenant_id, id, customer, currency, zone, anchor, draft, version, state, price_book, book_version, plan, phase, start_at, next_due_at, metadata, created_at, updated_at)
            select tenant_id, id || '_' || n, customer, currency, zone, anchor, draft, version, state, price_book, book_version, plan, phase, start_at, next_due_at, metadata, created_at, updated_at
            from billing.subscription, generate_series(1, 450) as n;
            insert into billing.subscription_fact (tenant_id, subscription, seq, effective_at, recorded_at, body)
            select tenant_id, subscription || '_' || n, seq, effective_at, recorded_at, body from billing.subscription_fact, generate_series(1, 450) as n
            """))
        {
            await copy.ExecuteNonQueryAsync(Stop);
        }

        shop.Set("2026-03-12T00:00:00Z");
        await using Ownership mine = await Testing.Jobs.TakeAsync(shop.Database, SubscriptionClockJob.Job);
        Assert.Equal(451, await Testing.Jobs.Clock(shop).StepAsync(mine, Stop));
        Assert.Equal("451", await shop.ScalarAsync("select count(*) from billing.subscription where state = 'active' and next_due_at is null"));
    }

    private static async Task<string> StateAsync(Shop shop, string id)
    {
        JsonElement now = await shop.GetAsync(id);
        return $"{now.GetProperty("state").GetString()} {now.GetProperty("terms").GetProperty("phase").GetString()}";
    }

    private static async Task<string> MovesAsync(Shop shop, string id) => string.Join(' ', (await shop.Host.SendAsync("GET", $"{Shop.Subscriptions}/{id}/history")).Json.GetProperty("facts").EnumerateArray()
        .Where(fact => fact.GetProperty("fact").GetString() == "moved").Select(fact => $"{fact.GetProperty("to").GetString()}@{fact.GetProperty("effective_at").GetString()![..16]}"));
}
