using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Metering.EndToEnd.Tests.Running;
using Xunit;

namespace Metering.EndToEnd.Tests;

/// <summary>One tenant sends the worst that ingestion lets in, and what it does not; another tenant must not notice.</summary>
public class HostileHistoryTests(ITestOutputHelper output)
{
    private const string Hostile = "hostile";
    private const string Calm = "calm";
    private const string Type = "odd";
    private const int Months = 240;
    private const int Groups = 200_000;
    private const int GroupsPerBatch = 10_000;
    private static readonly TimeSpan s_freshness = TimeSpan.FromSeconds(10);

    [Fact]
    public async Task Hostile_history_wedges_nothing_wraps_nothing_and_loses_nothing()
    {
        await using MeteringProcess metering = await MeteringProcess.StartAsync();
        using MeteringClient client = metering.NewClient();
        await client.CreateMeterAsync(new TestMeter("total", "SUM", Type, "v"), Hostile);
        await client.CreateMeterAsync(new TestMeter("groups", "SUM", "grouped", "v", "k"), Hostile);
        await client.CreateMeterAsync(new TestMeter("calls", "COUNT", "call"), Calm);
        await client.SettleAsync();
        using CancellationTokenSource stop = new();
        Task<List<TimeSpan>> calm = MeasureFreshnessAsync(client, stop.Token);

        await client.IngestAsync(TwentyYears(), tenant: Hostile);
        await SendGroupsAsync(client);
        int refused = await SendRefusedAsync(client);
        int unusable = await SendValuesAsync(client);
        int odd = await SendIdentitiesAsync(client);
        await client.SettleAsync();
        await stop.CancelAsync();
        List<TimeSpan> freshness = await calm;

        Assert.Equal($"{Months + Groups + unusable + 2 + odd}", await client.SqlAsync($"SELECT count() FROM usage_events WHERE tenant = '{Hostile}'"));
        Assert.Equal($"{Groups}\t{Groups}", await client.SqlAsync("SELECT count(), toInt64(sum(value)) FROM usage_by_day WHERE meter = 'groups'"));
        Assert.Equal("1999999999999999.999999999998", await client.SqlAsync($"SELECT toString(sum(value)) FROM usage_by_day WHERE tenant = '{Hostile}' AND meter = 'total' AND subject = 'values'"));
        Assert.Equal($"{Months}\t{Months}", await client.SqlAsync($"SELECT count(), toInt64(sum(value)) FROM usage_by_day WHERE tenant = '{Hostile}' AND meter = 'total' AND subject = 'history'"));
        await AssertDeadLettersAsync(client, refused, unusable);

        // The same again for a meter that is made now.
        long started = Stopwatch.GetTimestamp();
        await client.CreateMeterAsync(new TestMeter("later", "SUM", Type, "v"), Hostile);
        await client.MetersReadyAsync();
        TimeSpan backfilled = Stopwatch.GetElapsedTime(started);
        string live = await client.TextAsync("/api/v1/meters/total/query?windowSize=MONTH&groupBy=subject", Hostile);
        Assert.Equal(live, await client.TextAsync("/api/v1/meters/later/query?windowSize=MONTH&groupBy=subject", Hostile));
        await client.AuditAsync();

        freshness.Sort();
        output.WriteLine($"freshness of the other tenant: median {freshness[freshness.Count / 2].TotalMilliseconds:N0} ms, worst {freshness[^1].TotalMilliseconds:N0} ms of {freshness.Count}");
        output.WriteLine($"a meter over twenty years was ready after {backfilled.TotalSeconds:N1} s");
        Assert.True(freshness[^1] < s_freshness, $"{freshness[^1]}");
    }

    /// <summary>One batch.</summary>
    private static string TwentyYears()
    {
        DateTimeOffset now = DateTimeOffset.UtcNow;
        return $"[{string.Join(',', Enumerable.Range(0, Months).Select(i => Event($"month-{i}", "history", now.AddMonths(-i), "1")))}]";
    }

    private static async Task SendGroupsAsync(MeteringClient client)
    {
        for (int first = 0; first < Groups; first += GroupsPerBatch)
        {
            IEnumerable<string> events = Enumerable.Range(first, GroupsPerBatch).Select(i =>
                $$$"""{"id":"{{{i}}}","source":"groups","type":"grouped","subject":"many","time":"2020-02-29T12:00:00Z","data":{"v":1,"k":"group-{{{i}}}"}}""");
            await client.IngestAsync($"[{string.Join(',', events)}]", tenant: Hostile);
        }
    }

    /// <summary>What no record may be made of.</summary>
    /// <returns>How many events.</returns>
    private static async Task<int> SendRefusedAsync(MeteringClient client)
    {
        (string Event, string Code)[] refused =
        [
            (Event("1960", "s", new DateTimeOffset(1960, 1, 1, 0, 0, 0, TimeSpan.Zero), "1"), "time_too_early"),
            (Event("2150", "s", new DateTimeOffset(2150, 1, 1, 0, 0, 0, TimeSpan.Zero), "1"), "time_in_future"),
            (Event("9999", "s", new DateTimeOffset(9999, 12, 31, 23, 59, 59, TimeSpan.Zero), "1"), "time_in_future"),
            (Event("", "s", DateTimeOffset.UtcNow, "1"), "invalid_field"),
            (Event(@"a\u0000b", "s", DateTimeOffset.UtcNow, "1"), "invalid_field"),
            (Event(@"a\nb", "s", DateTimeOffset.UtcNow, "1"), "invalid_field"),
            (Event(@"\ud800", "s", DateTimeOffset.UtcNow, "1"), "lone_surrogate"),
            (Event(new string('x', 10_000), "s", DateTimeOffset.UtcNow, "1"), "invalid_field"),
        ];
        using HttpResponseMessage response = await client.SendAsync(HttpMethod.Post, "/v1/events", $"[{string.Join(',', refused.Select(one => one.Event))}]", tenant: Hostile);
        JsonElement answer = JsonSerializer.Deserialize<JsonElement>(await response.Content.ReadAsStringAsync());
        string?[] codes = [.. answer.GetProperty("rejected").EnumerateArray().Select(one => one.GetProperty("code").GetString())];
        Assert.Equal(refused.Select(one => one.Code), codes);
        return refused.Length;
    }

    /// <summary>Two that just fit, and those that do not: these are kept as events, and listed because no meter can count them.</summary>
    /// <returns>How many cannot be counted.</returns>
    private static async Task<int> SendValuesAsync(MeteringClient client)
    {
        string[] unusable = ["1000000000000000", "1e26", "1e400", "-1e400", "\"NaN\"", "\"Infinity\"", "1e-400x", "{}", "null", "true", $"\"{new string('9', 5000)}\""];
        string[] values = ["999999999999999.999999999999", "\"999999999999999.999999999999\"", .. unusable.Select(value => value.EndsWith('x') ? $"\"{value}\"" : value)];
        await client.IngestAsync($"[{string.Join(',', values.Select((value, i) => Event($"value-{i}", "values", DateTimeOffset.UtcNow, value)))}]", tenant: Hostile);
        return unusable.Length;
    }

    /// <summary>Ids that look alike, that would run together if they were joined, and that other programs would take for something else.</summary>
    private static async Task<int> SendIdentitiesAsync(MeteringClient client)
    {
        (string Source, string Id)[] identities =
        [
            ("a-b", "c"), ("a", "b-c"), ("a-b-c", "-"), ("ab", "c"), ("a", "bc"),
            ("s", "admin"), ("s", "\u0430dmin"), ("s", "ADMIN"), ("s", "admin "), ("s", "\u00e9"), ("s", "e\u0301"), ("s", "\ufb01"), ("s", "fi"),
            ("s", "\u200b"), ("s", "\u202egnp"), ("s", "\U0001F600"), ("s", "'; DROP TABLE usage_raw; --"), ("s", "\\N"), ("s", "null"), ("s", "{id:String}"),
            ("s", new string('x', 256)), ("s", "%00"), ("s", "../../etc"),
        ];
        string batch = JsonSerializer.Serialize(identities.Select(one => new { id = one.Id, source = one.Source, type = Type, subject = "identities", data = new { v = 1 } }));
        await client.IngestAsync(batch, tenant: Hostile);
        await client.IngestAsync(batch, tenant: Hostile);
        await client.SettleAsync();
        List<JsonElement> stored = await client.SqlRowsAsync($"SELECT source, id FROM usage_events WHERE tenant = '{Hostile}' AND subject = 'identities'");
        Assert.Equal(identities.ToHashSet(), stored.Select(row => (row.GetProperty("source").GetString()!, row.GetProperty("id").GetString()!)).ToHashSet());
        Assert.Equal($"{identities.Length}", await client.SqlAsync($"SELECT toInt64(sum(value)) FROM usage_by_day WHERE tenant = '{Hostile}' AND subject = 'identities'"));
        return identities.Length;
    }

    private static async Task AssertDeadLettersAsync(MeteringClient client, int refused, int unusable)
    {
        JsonElement letters = (await client.RequireAsync(HttpMethod.Get, "/v1/dead-letters?limit=1000", tenant: Hostile)).GetProperty("items");
        ILookup<string, JsonElement> byCode = letters.EnumerateArray().ToLookup(one => one.GetProperty("code").GetString()!);
        Assert.Equal(unusable, byCode["unusable_value"].Count());
        Assert.Equal(refused + unusable, letters.GetArrayLength());
        Assert.All(letters.EnumerateArray(), one => Assert.NotEmpty(one.GetProperty("message").GetString()!));
        Assert.Empty((await client.RequireAsync(HttpMethod.Get, "/v1/dead-letters", tenant: Calm)).GetProperty("items").EnumerateArray());
    }

    /// <summary>From acknowledged to counted, one event after the other.</summary>
    private static async Task<List<TimeSpan>> MeasureFreshnessAsync(MeteringClient client, CancellationToken stop)
    {
        List<TimeSpan> freshness = [];
        for (int i = 1; !stop.IsCancellationRequested; i++)
        {
            int sent = i;
            await client.IngestAsync($$"""[{"id":"{{sent}}","source":"calm","type":"call","subject":"calm"}]""", tenant: Calm);
            freshness.Add(await Eventually.TrueAsync(
                async () => await client.SqlAsync($"SELECT toInt64(sum(value)) FROM usage_by_minute WHERE tenant = '{Calm}' AND meter = 'calls'") == sent.ToString(CultureInfo.InvariantCulture),
                "the calm tenant's usage is counted"));
        }

        return freshness;
    }

    private static string Event(string id, string subject, DateTimeOffset time, string value) =>
        $$$"""{"id":"{{{id}}}","source":"s","type":"{{{Type}}}","subject":"{{{subject}}}","time":"{{{time.UtcDateTime:O}}}","data":{"v":{{{value}}}}}""";
}
