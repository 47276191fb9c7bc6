using System.Globalization;
using System.Text.RegularExpressions;
using ClickHouse.Driver.ADO.Readers;
using Metering.Aggregator.Engine.Meters;
using Metering.Contracts;
using Metering.Query.Tests.Testing;
using Xunit;

namespace Metering.Query.Tests.Docs;

/// <summary>Every query of <c>docs/analytics.md</c> runs on usage like that of its examples, and finds some.</summary>
public sealed partial class AnalyticsDocTests(Engines engines) : IAsyncLifetime
{
    private const string Tenant = "default";
    private const int Tokens = 900_001;
    private const int Users = 900_002;

    private static readonly DateTimeOffset s_now = DateTimeOffset.UtcNow;

    public static TheoryData<string, string> Queries => [.. SqlBlock().Matches(Document()).Select(match => (match.Groups[1].Value, match.Groups[2].Value))];

    [Theory]
    [MemberData(nameof(Queries))]
    public async Task A_documented_query_finds_something(string title, string sql)
    {
        await using ClickHouseDataReader reader = await engines.ClickHouse.QueryAsync(sql, [], TestContext.Current.CancellationToken);
        Assert.True(await reader.ReadAsync(TestContext.Current.CancellationToken), $"'{title}' finds nothing.");
    }

    [Fact]
    public void There_are_queries() => Assert.InRange(Queries.Count, 10, 100);

    [Fact]
    public async Task The_views_add_up_what_counts()
    {
        Assert.Equal("customer-1 30 2 15|customer-2 5 1 5", await TextAsync($"""
            SELECT subject, toString(sum(value)), toString(sum(events)), toString(sum(total) / sum(events)) FROM usage_by_day
            WHERE tenant = '{Tenant}' AND meter = 'tokens' AND day >= today() - 7 GROUP BY subject ORDER BY subject
            """));
        Assert.Equal("late 2 1 40 1", await TextAsync($"""
            SELECT why, toString(seal_no), toString(first_seal), toString(total), toString(events) FROM usage_corrections WHERE tenant = '{Tenant}'
            """));
    }

    [Theory]
    [InlineData(Aggregation.Sum, "14")]
    [InlineData(Aggregation.Count, "3")]
    [InlineData(Aggregation.Avg, "4.666666666666")]
    [InlineData(Aggregation.Min, "3")]
    [InlineData(Aggregation.Max, "8")]
    [InlineData(Aggregation.Latest, "3")]
    [InlineData(Aggregation.UniqueCount, "2")]
    public async Task The_views_know_every_aggregation_without_what_was_voided(Aggregation aggregation, string expected)
    {
        int meter = 900_100 + (int)aggregation;
        string slug = $"kind_{aggregation}";
        DateTimeOffset noon = new(2024, 5, 1, 12, 0, 0, TimeSpan.Zero);
        await engines.ClickHouse.ExecuteAsync($"INSERT INTO meter_info VALUES ({meter}, 'kinds', '{slug}', '{aggregation.ToName()}', [], 1, 1)", CancellationToken.None);
        Measured[] events = [Of(noon, "8", "a"), Of(noon.AddSeconds(5), "3", "b"), Of(noon.AddSeconds(5), "3", "c"), Of(noon.AddSeconds(9), "100", "d"), Of(noon.AddSeconds(9), "1", "e")];
        Measured[] voids = [events[3] with { Sign = -1 }, events[4] with { Sign = -1 }];
        await SeededUsage.AddDeltasAsync(engines.ClickHouse, "kinds", meter, aggregation, [.. events, .. voids], offset: 30_000);

        foreach (string view in (string[])["usage_by_minute", "usage_by_hour", "usage_by_day"])
        {
            Assert.Equal($"{expected} 3", await TextAsync($"SELECT toString(value), toString(events) FROM {view} WHERE tenant = 'kinds' AND meter = '{slug}'"));
        }
    }

    public async ValueTask InitializeAsync()
    {
        await engines.ClickHouse.ExecuteAsync(
            $"INSERT INTO meter_info VALUES ({Tokens}, '{Tenant}', 'tokens', 'SUM', ['model'], 1, 1), ({Users}, '{Tenant}', 'users', 'UNIQUE_COUNT', [], 1, 1)",
            CancellationToken.None);
        Measured[] calls = [Call("customer-1", "gpt", "10", "1"), Call("customer-1", "o1", "20", "2"), Call("customer-2", "gpt", "5", "3")];
        await SeededUsage.AddDeltasAsync(engines.ClickHouse, Tenant, Tokens, Aggregation.Sum, calls, offset: 40_000);
        await SeededUsage.AddDeltasAsync(engines.ClickHouse, Tenant, Users, Aggregation.UniqueCount, calls.Select(call => call with { Groups = [] }), offset: 41_000);
        Measured old = calls[0] with { Time = new DateTimeOffset(2023, 12, 15, 0, 0, 0, TimeSpan.Zero), Value = Quantity.FromInt64(40) };
        await SeededUsage.AddWindowsAsync(engines.ClickHouse, Tenant, Tokens, Aggregation.Sum, [old], seal: 1);
        await SeededUsage.AddWindowsAsync(engines.ClickHouse, Tenant, Tokens, Aggregation.Sum, [old with { Subject = "customer-2" }], seal: 2);
        await AddRawAsync();
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private async Task AddRawAsync()
    {
        await SeededEvents.AddAsync(
            engines.ClickHouse, Tenant, 42_000, "checkout",
            new RawRecord("call-1", s_now.AddMinutes(-30), """{"model":"gpt","tokens":1}""", Subject: "customer-1"),
            new RawRecord("call-2", s_now.AddMinutes(-20), """{"model":"gpt","tokens":"many"}""", Subject: "customer-1", Problem: "invalid event: value is not a number"),
            new RawRecord("call-1", s_now.AddMinutes(-30), """{"model":"gpt","tokens":10}""", Kind: "amend", Subject: "customer-1", Reason: "typo"));
        await SeededEvents.AddDeadLetterAsync(engines.ClickHouse, Tenant, 43_000, s_now, "malformed", "", [1]);
    }

    private static Measured Call(string subject, string model, string value, string id) => new(s_now.AddMinutes(-5), subject, [model], Quantity.Parse(value), id);

    private static Measured Of(DateTimeOffset time, string value, string id) => new(time, "s", [], Quantity.Parse(value), id);

    private async Task<string> TextAsync(string sql)
    {
        await using ClickHouseDataReader reader = await engines.ClickHouse.QueryAsync(sql, [], TestContext.Current.CancellationToken);
        List<string> lines = [];
        while (await reader.ReadAsync(TestContext.Current.CancellationToken))
        {
            lines.Add(string.Join(' ', Enumerable.Range(0, reader.FieldCount).Select(field => Convert.ToString(reader.GetValue(field), CultureInfo.InvariantCulture))));
        }

        return string.Join('|', lines);
    }

    private static string Document()
    {
        DirectoryInfo folder = new(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Metering.sln")))
        {
            folder = folder.Parent ?? throw new FileNotFoundException("The tests run outside the repository.");
        }

        return File.ReadAllText(Path.Combine(folder.FullName, "docs", "analytics.md"));
    }

    [GeneratedRegex("### ([^\n]+)\n(?:(?!\n###).)*?```sql\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex SqlBlock();
}
