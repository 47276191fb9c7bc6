using System.Globalization;
using System.Text.Json;
using ClickHouse.Driver.ADO.Readers;
using Metering.Billing;
using Metering.Billing.Postgres.Jobs;
using Metering.BillingCore.Subscriptions;
using Metering.BillingCore.Tests.Runs;
using Metering.BillingCore.Tests.Testing;
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
    private const string Book = """
        {"currency":"USD","effective_from":"2020-01-01T00:00:00Z","plans":[
          {"key":"small","product":"api","phases":[{"key":"main","components":[
            {"key":"calls","meter":"calls","filter":[{"property":"model","values":["small"]}],"price":{"model":"per_unit","unit":"1"}}]}]},
          {"key":"all","product":"api","phases":[{"key":"main","components":[
            {"key":"calls","meter":"calls","price":{"model":"per_unit","unit":"1"}},{"key":"hits","meter":"hits","price":{"model":"per_unit","unit":"1"}},
            {"key":"peak","meter":"peak","price":{"model":"per_unit","unit":"1"}}]}]},
          {"key":"cells","product":"api","phases":[{"key":"main","components":[
            {"key":"calls","meter":"calls","price":{"model":"matrix","dimensions":["model"],"cells":[{"key":{"model":"small"},"component":{"model":"per_unit","unit":"2"}}],"default":{"model":"per_unit","unit":"3"}}},
            {"key":"peak","meter":"peak","filter":[{"property":"model","values":["large","huge"]}],"price":{"model":"per_unit","unit":"1"}}]}]},
          {"key":"tried","product":"api","phases":[
            {"key":"try","trial":true,"length":{"unit":"day","count":14},"components":[{"key":"calls","meter":"calls","price":{"model":"per_unit","unit":"0"}}]},
            {"key":"main","components":[
              {"key":"calls","meter":"calls","filter":[{"property":"model","values":["small"]}],"price":{"model":"per_unit","unit":"1"}},
              {"key":"large","meter":"calls","filter":[{"property":"model","values":["large"]}],"price":{"model":"per_unit","unit":"1"}}]}]},
          {"key":"none","product":"api","phases":[{"key":"main","components":[{"key":"base","price":{"model":"flat","amount":"5"}}]}]}]}
        """;

    /// <summary>The price book <c>mixed</c>, and the meters it prices.</summary>
    public static async Task SellAsync(Seller seller)
    {
        await seller.AddMeterAsync("hits", "COUNT");
        await seller.AddMeterAsync("peak", "MAX");
        await seller.PublishAsync(Book);
    }

    public static async Task<UnbilledWorld> LiveAsync(Seller seller, Random random)
    {
        UnbilledWorld world = new(seller, random);
        await SellAsync(seller);
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

    /// <summary>The frozen quantities of all invoices, by meter.</summary>
    public async Task<ILookup<string, Fraction>> BilledAsync()
    {
        string texts = await seller.ScalarAsync("select coalesce(json_agg(inputs), '[]')::text from billing.invoice where number is not null");
        return (
            from inputs in JsonDocument.Parse(texts).RootElement.EnumerateArray()
            from charge in inputs.GetProperty("charges").EnumerateArray()
            from one in charge.TryGetProperty("cells", out JsonElement cells) ? cells.EnumerateArray().AsEnumerable() : [charge]
            where one.TryGetProperty("quantity", out _)
            select (Meter: charge.GetProperty("component").GetString() is "large" ? "calls" : charge.GetProperty("component").GetString()!, Quantity: Fraction.Parse(one.GetProperty("quantity").GetString()!)))
            .ToLookup(one => one.Meter, one => one.Quantity);
    }

    /// <summary>Usage of a meter, as all of it were one: sum, largest value and number of events.</summary>
    public async Task<(Fraction Sum, Fraction Largest, long Events)> AllAsync(string meter)
    {
        await using ClickHouseDataReader reader = await seller.ClickHouse.QueryAsync(
            $"""
            SELECT toString(sum(ps)), toString(max(v)), toInt64(sum(pn)) FROM (
              SELECT subject, minute, v, sum(toDecimal256(s, 12)) AS ps, sum(n) AS pn FROM usage_window FINAL
              WHERE tenant = '{seller.Host.Tenant}' AND meter = {await seller.RevisionAsync(meter)} GROUP BY subject, minute, v HAVING pn > 0)
            """,
            [],
            TestContext.Current.CancellationToken);
        Assert.True(await reader.ReadAsync(TestContext.Current.CancellationToken));
        return (Fraction.Parse(reader.GetString(0)), Fraction.Parse(reader.GetString(1)), reader.GetInt64(2));
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

    /// <summary>Each event in a minute of its own; some are voided.</summary>
    private async Task UseAsync()
    {
        foreach (string meter in new[] { "calls", "hits", "peak" })
        {
            int revision = await seller.RevisionAsync(meter);
            HashSet<DateTimeOffset> minutes = [];
            while (minutes.Count < 300)
            {
                minutes.Add(Minute(0, 59));
            }

            string rows = string.Join(", ", minutes.SelectMany(minute => Rows(meter, revision, minute)));
            await seller.ClickHouse.ExecuteAsync($"INSERT INTO usage_window (tenant, meter, subject, minute, grp, v, kind, seal_no, sealed_at, s, n) VALUES {rows}", TestContext.Current.CancellationToken);
        }
    }

    private IEnumerable<string> Rows(string meter, int revision, DateTimeOffset minute)
    {
        string value = meter == "hits" ? "0" : string.Create(CultureInfo.InvariantCulture, $"{random.Next(1, 1000)}.{random.Next(1000):000}");
        string point = meter == "peak" ? value : "0";
        string place = string.Create(
            CultureInfo.InvariantCulture,
            $"'{seller.Host.Tenant}', {revision}, 's{random.Next(7)}', toDateTime({minute.ToUnixTimeSeconds()}, 'UTC'), ['{One(s_models)}'], toDecimal128('{point}', 12)");
        yield return $"({place}, 'use', 1, now(), toDecimal128('{value}', 12), 1)";
        if (random.Next(8) == 0)
        {
            yield return $"({place}, 'void', 1, now(), toDecimal128('-{value}', 12), -1)";
        }
    }

    private DateTimeOffset Minute(int fromDay, int toDay) => s_start.AddMinutes(random.Next(fromDay * 1440, toDay * 1440));

    private string One(IReadOnlyList<string> of) => of[random.Next(of.Count)];

    private static string Text(DateTimeOffset at) => at.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
