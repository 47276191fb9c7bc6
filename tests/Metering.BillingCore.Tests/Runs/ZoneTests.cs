using System.Text.Json;
using Metering.Billing.Zones;
using Metering.BillingCore.Subscriptions;
using Metering.BillingCore.Tests.Testing;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Xunit;

namespace Metering.BillingCore.Tests.Runs;

/// <summary>Boundaries of a subscription whose customer moves, and of one whose country changes its clock.</summary>
public sealed class ZoneTests(Engines engines)
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <summary>The example of docs/specs/periods.md: midnight is 23:00 UTC in Berlin and 05:00 UTC in New York.</summary>
    [Fact]
    public async Task A_customers_new_zone_counts_from_the_next_boundary()
    {
        await using Seller seller = await Seller.OpenAsync(engines, "2025-12-31T23:00:00Z");
        await seller.PutAsync("/v1/customers/acme", """{"zone":"Europe/Berlin"}""");
        JsonElement made = await seller.PostAsync("/v1/subscriptions", """{"customer":"acme","price_book":"standard","plan":"basic"}""");
        string id = made.GetProperty("subscription").GetProperty("id").GetString()!;
        await seller.BillAsync();
        seller.Set("2026-01-10T08:00:00Z");
        await seller.PutAsync("/v1/customers/acme", """{"zone":"America/New_York"}""");
        foreach (string upto in new[] { "2026-01-31T23:00:00Z", "2026-03-01T05:00:00Z", "2026-04-01T04:00:00Z" })
        {
            await seller.SealAsync(upto);
            seller.Set(upto.Replace(":00:00Z", ":10:00Z", StringComparison.Ordinal));
            await seller.BillAsync();
        }

        Assert.Equal(
            "12-31 23..01-31 23, 01-31 23..03-01 05, 03-01 05..04-01 04, 04-01 04..05-01 04",
            await seller.ScalarAsync(Periods));
        Assert.Equal("2", await seller.ScalarAsync("select inputs ->> 'history_sequence' from billing.invoice where due_at = '2026-01-31 23:00+00'")); // the start, and the zone
        Assert.Contains("\"zone_set\"", (await seller.Host.SendAsync("GET", $"/v1/subscriptions/{id}/history")).Text, StringComparison.Ordinal);
        Assert.Equal("subscription.zone_set", await seller.ScalarAsync($"select type from billing.outbox where aggregate = 'subscription:{id}' and type like '%zone%'"));
        await seller.BooksBalanceAsync();
    }

    /// <summary>
    /// The subscription was made by a program whose release had Berlin an hour further east for ever. Its periods stay where they were counted; this program's rules count from the
    /// next boundary, and nothing that was billed is corrected.
    /// </summary>
    [Fact]
    public async Task Another_release_of_the_zones_moves_no_period_that_has_begun()
    {
        await using Seller seller = await Seller.OpenAsync(engines, "2025-12-31T22:00:00Z");
        await seller.PutAsync("/v1/customers/acme", """{"zone":"Europe/Berlin"}""");
        await ExecuteAsync(seller, """
            insert into billing.zone_rules values ('Europe/Berlin', '1999a', '{}', '{7200}', '2500-01-01T00:00:00Z');
            create function public.older() returns trigger language plpgsql as $$ begin new.tzdb := '1999a'; new.tzdb_now := '1999a'; return new; end $$;
            create trigger older before insert on billing.subscription for each row execute function public.older()
            """);
        await seller.PostAsync("/v1/subscriptions", """{"customer":"acme","price_book":"standard","plan":"basic"}""");
        await seller.BillAsync();
        seller.Set("2026-01-10T08:00:00Z");
        ZoneMoves moves = seller.Host.Services.GetRequiredService<ZoneMoves>();
        await moves.ReleaseAsync(seller.Host.Tenant, Stop);
        await moves.ReleaseAsync(seller.Host.Tenant, Stop);
        Assert.Equal("1", await seller.ScalarAsync("select count(*) from billing.subscription_fact where body ->> 'fact' = 'zone_set'"));
        Assert.Equal(TzdbZones.Instance.TzdbVersion, await seller.ScalarAsync("select tzdb_now from billing.subscription"));
        foreach (string upto in new[] { "2026-01-31T22:00:00Z", "2026-02-28T23:00:00Z" })
        {
            await seller.SealAsync(upto);
            seller.Set(upto.Replace(":00:00Z", ":10:00Z", StringComparison.Ordinal));
            Assert.Equal(1, await seller.BillAsync());
            Assert.Equal(0, await seller.CorrectAsync());
        }

        Assert.Equal("12-31 22..01-31 22, 01-31 22..02-28 23, 02-28 23..03-31 22", await seller.ScalarAsync(Periods));
        Assert.Equal("0", await seller.ScalarAsync("select (select count(*) from billing.pending_charge) + (select count(*) from billing.credit_note)"));
    }

    [Fact]
    public async Task A_release_with_the_same_rules_is_noted_and_nothing_moves()
    {
        await using Seller seller = await Seller.OpenAsync(engines);
        await seller.SubscribeAsync("acme");
        await ExecuteAsync(seller, """
            insert into billing.zone_rules select zone, '1999a', starts, offsets, horizon from billing.zone_rules where zone = 'UTC';
            update billing.subscription set tzdb = '1999a', tzdb_now = '1999a'
            """);
        await seller.Host.Services.GetRequiredService<ZoneMoves>().ReleaseAsync(seller.Host.Tenant, Stop);
        Assert.Equal($"1999a {TzdbZones.Instance.TzdbVersion} 0", await seller.ScalarAsync(
            "select tzdb || ' ' || tzdb_now || ' ' || (select count(*) from billing.subscription_fact where body ->> 'fact' = 'zone_set') from billing.subscription"));
    }

    private const string Periods = """
        select string_agg(to_char(period_start at time zone 'UTC', 'MM-DD HH24') || '..' || to_char(period_end at time zone 'UTC', 'MM-DD HH24'), ', ' order by period_start)
        from billing.invoice_line where component = 'base'
        """;

    private static async Task ExecuteAsync(Seller seller, string sql)
    {
        await using NpgsqlCommand command = seller.Postgres.Source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync(Stop);
    }
}
