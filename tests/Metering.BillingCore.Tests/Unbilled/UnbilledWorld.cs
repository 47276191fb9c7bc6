using System.Globalization;
using System.Text.Json;
using ClickHouse.Driver.ADO.Readers;
using Metering.Billing;
using Metering.Billing.Postgres.Jobs;
using Metering.BillingCore.Subscriptions;
using Metering.BillingCore.Tests.Runs;
using Metering.BillingCore.Tests.Testing;
using Npgsql;
using Xunit;

namespace Metering.BillingCore.Tests.Unbilled;

/// <summary>
/// A random history of January and February: customers whose subscriptions begin, change, pause, resume and end at any minute, subjects that go from one to the other, and usage of two meters. All
/// periods that touch it are billed.
/// </summary>
internal sealed class UnbilledWorld(Seller seller, Random random)
{
    private static readonly DateTimeOffset s_start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly string[] s_customers = ["a", "b", "c", "d"];
    private static readonly string[] s_plans = ["small", "all", "cells", "tried", "none"];
    private static readonly string[] s_models = ["small", "large", "huge"];

    /// <summary>A plan that filters, one that takes everything, a matrix, one that begins with a trial and then filters two ways, and one that prices no usage.</summary>
    public const string Book = """
        {"currency":"USD","effective_from":"2020-01-01T00:00:00Z","plans":[
          {"key":"small","product":"api","phases":[{"key":"main","components":[
            {"key":"calls","meter":"calls","filter":[{"property":"model","values":["small"]}],"price":{"model":"per_unit","unit":"1"}}]}]},
          {"key":"all","product":"api","phases":[{"key":"main","components":[
            {"key":"calls","meter":"calls","price":{"model":"per_unit","unit":"1"}}]}]},
          {"key":"cells","product":"api","phases":[{"key":"main","components":[
            {"key":"calls","meter":"calls","price":{"model":"matrix","dimensions":["model"],"cells":[{"key":{"model":"small"},"component":{"model":"per_unit","unit":"2"}}],"default":{"model":"per_unit","unit":"3"}}}]}]},
          {"key":"tried","product":"api","phases":[
            {"key":"try","trial":true,"length":{"unit":"day","count":14},"components":[{"key":"calls","meter":"calls","price":{"model":"per_unit","unit":"0"}}]},
            {"key":"main","components":[
              {"key":"calls","meter":"calls","filter":[{"property":"model","values":["small"]}],"price":{"model":"per_unit","unit":"1"}},
              {"key":"large","meter":"calls","filter":[{"property":"model","values":["large"]}],"price":{"model":"per_unit","unit":"1"}}]}]},
          {"key":"none","product":"api","phases":[{"key":"main","components":[{"key":"base","price":{"model":"flat","amount":"5"}}]}]}]}
        """;

    public static async Task<UnbilledWorld> LiveAsync(Seller seller, Random random)
    {
        UnbilledWorld world = new(seller, random);
        await seller.PublishAsync(Book);
        await world.MapAsync();
        await world.ActAsync();
        await world.UseAsync();
        await seller.SealAsync("2026-07-01");
        await world.PassAsync("2026-07-01T00:10:00Z");
        while (await seller.BillAsync() > 0)
        {
        }

        Assert.Equal("0", await seller.ScalarAsync("select count(*) from billing.invoice where state = 'draft'"));
        return world;
    }

    /// <summary>What the frozen quantities of all invoices come to.</summary>
    public async Task<Fraction> BilledAsync()
    {
        string texts = await seller.ScalarAsync("select coalesce(json_agg(inputs), '[]')::text from billing.invoice where number is not null");
        Fraction sum = Fraction.Zero;
        foreach (JsonElement charge in JsonDocument.Parse(texts).RootElement.EnumerateArray().SelectMany(inputs => inputs.GetProperty("charges").EnumerateArray()))
        {
            JsonElement[] quantities = charge.TryGetProperty("cells", out JsonElement cells) ? [.. cells.EnumerateArray()] : [charge];
            sum = quantities.Aggregate(sum, (all, one) => one.TryGetProperty("quantity", out JsonElement quantity) ? all + Fraction.Parse(quantity.GetString()!) : all);
        }

        return sum;
    }

    public async Task<(Fraction Quantity, long Events)> AllAsync()
    {
        await using ClickHouseDataReader reader = await seller.ClickHouse.QueryAsync(
            $"SELECT toString(sum(toDecimal256(s, 12))), toInt64(sum(n)) FROM usage_window FINAL WHERE tenant = '{seller.Host.Tenant}'", [], TestContext.Current.CancellationToken);
        Assert.True(await reader.ReadAsync(TestContext.Current.CancellationToken));
        return (Fraction.Parse(reader.GetString(0)), reader.GetInt64(1));
    }

    /// <summary>By pages.</summary>
    public async Task<IReadOnlyList<JsonElement>> UnbilledAsync(string more)
    {
        List<JsonElement> items = [];
        string cursor = "";
        do
        {
            Answered page = await seller.Host.SendAsync("GET", $"/v1/unbilled-usage?from=2026-01-01T00:00:00Z&to=2026-03-01T00:00:00Z{more}{cursor}");
            Assert.True(page.Status == 200, page.Text);
            items.AddRange(page.Json.GetProperty("items").EnumerateArray());
            cursor = page.Json.GetProperty("next_cursor").GetString() is { } next ? $"&cursor={next}" : "";
        }
        while (cursor.Length > 0);
        return items;
    }

    /// <summary>What clashes is refused, and tried no more.</summary>
    private async Task MapAsync()
    {
        foreach (string customer in s_customers)
        {
            await seller.PutAsync($"/v1/customers/{customer}", $$"""{"name":"{{customer}}"}""");
        }

        for (int i = 0; i < 16; i++)
        {
            DateTimeOffset from = Minute(0, 50);
            string until = random.Next(3) == 0 ? "" : $",\"until\":\"{Text(from.AddMinutes(random.Next(1, 30 * 1440)))}\"";
            await seller.Host.SendAsync("PUT", $"/v1/customers/{One(s_customers)}/subjects/s{random.Next(6)}", $"{{\"from\":\"{Text(from)}\"{until}}}");
        }
    }

    private async Task ActAsync()
    {
        List<string> subscriptions = [];
        DateTimeOffset now = s_start;
        for (int i = 0; i < 40; i++)
        {
            now = now.AddMinutes(random.Next(1, 2 * 1440));
            await PassAsync(Text(now));
            if (random.Next(4) == 0 || subscriptions.Count == 0)
            {
                Answered made = await seller.Host.SendAsync("POST", "/v1/subscriptions", $$"""{"customer":"{{One(s_customers)}}","price_book":"mixed","plan":"{{One(s_plans)}}"}""");
                subscriptions.AddRange(made.Status == 201 ? [made.Json.GetProperty("subscription").GetProperty("id").GetString()!] : []);
                continue;
            }

            (string operation, string body) = random.Next(5) switch
            {
                0 => ("change", $$"""{"plan":"{{One(s_plans)}}"}"""),
                1 => ("pause", """{"keep":true}"""),
                2 => ("pause", "{}"),
                3 => ("resume", "{}"),
                _ => ("cancel", random.Next(2) == 0 ? """{"at":"period_end"}""" : "{}"),
            };
            await seller.Host.SendAsync("POST", $"/v1/subscriptions/{One(subscriptions)}/{operation}", body);
        }
    }

    /// <summary>Time goes by, and brings what it brings: trials end, and changes and ends that were agreed come about.</summary>
    private async Task PassAsync(string until)
    {
        seller.Set(until);
        await using Ownership mine = await Testing.Jobs.TakeAsync(seller.Postgres, SubscriptionClockJob.Job);
        SubscriptionClockJob clock = Testing.Jobs.Clock(seller.Postgres, seller.Time);
        while (await clock.StepAsync(mine, TestContext.Current.CancellationToken) > 0)
        {
        }
    }

    private async Task UseAsync()
    {
        await using NpgsqlCommand find = seller.Postgres.Source.CreateCommand("select max(mrev) from meter_rev");
        int meter = (int)(await find.ExecuteScalarAsync())!;
        IEnumerable<string> rows = Enumerable.Range(0, 400).Select(i => string.Create(
            CultureInfo.InvariantCulture,
            $"('{seller.Host.Tenant}', {meter}, 's{random.Next(7)}', toDateTime({Minute(0, 59).ToUnixTimeSeconds()}, 'UTC'), ['{One(s_models)}'], 'use', {1}, now(), toDecimal128('{random.Next(1, 1000)}.{random.Next(1000):000}', 12), 1)"));
        await seller.ClickHouse.ExecuteAsync($"INSERT INTO usage_window (tenant, meter, subject, minute, grp, kind, seal_no, sealed_at, s, n) VALUES {string.Join(", ", rows)}", TestContext.Current.CancellationToken);
    }

    private DateTimeOffset Minute(int fromDay, int toDay) => s_start.AddMinutes(random.Next(fromDay * 1440, toDay * 1440));

    private string One(IReadOnlyList<string> of) => of[random.Next(of.Count)];

    private static string Text(DateTimeOffset at) => at.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
