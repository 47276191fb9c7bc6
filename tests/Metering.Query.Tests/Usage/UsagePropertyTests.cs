using System.Globalization;
using System.Text.Json;
using CsCheck;
using Metering.Aggregator.Engine.Meters;
using Metering.Contracts;
using Metering.Query.Tests.Testing;
using Metering.Query.Tests.Windows;
using Metering.Query.Windows;
using Xunit;

namespace Metering.Query.Tests.Usage;

/// <summary>Random usage, asked in random ways, against a computation from the events themselves.</summary>
public class UsagePropertyTests(Engines engines)
{
    private const int Events = 250;
    private const int Queries = 40;

    private static readonly string[] s_subjects = ["alice", "bob", "carol"];
    private static readonly string[] s_models = ["gpt", "o1", ""];
    private static readonly string[] s_regions = ["eu", "us"];

    /// <summary>Clocks changed near all of these in one of the zones; the last seal is between them.</summary>
    private static readonly DateTimeOffset[] s_bases =
    [
        new(2011, 12, 30, 10, 0, 0, TimeSpan.Zero), new(2010, 11, 7, 2, 31, 0, TimeSpan.Zero), new(2018, 2, 18, 2, 0, 0, TimeSpan.Zero),
        new(2024, 4, 6, 15, 0, 0, TimeSpan.Zero), new(2024, 3, 31, 1, 0, 0, TimeSpan.Zero), new(2024, 10, 27, 1, 0, 0, TimeSpan.Zero),
    ];

    private static readonly Gen<Measured> s_event = Gen.Select(
        Pick.From(s_bases), Gen.Int[-2400, 2400], Gen.Long[0, TimeSpan.TicksPerMinute - 1], Pick.From(s_subjects),
        Gen.Select(Pick.From(s_models), Pick.From(s_regions)), Gen.Int[-500, 500], Gen.Int[0, 12], Gen.Int[0, 999_999]).Select(
            (start, minutes, ticks, subject, groups, digits, places, id) => new Measured(
                start.AddMinutes(minutes).AddTicks(ticks), subject, [groups.Item1, groups.Item2], new Quantity(digits * Power(12 - places)), $"e{id}"));

    private sealed record Asked(
        string Zone, WindowSize? Size, DateTimeOffset Base, int FromMinutes, int Length, bool BySubject, bool ByModel, bool ByRegion, string? Subject, string? Model);

    private static readonly Gen<Asked> s_query = Gen.Select(
        Pick.From(NaiveWindows.Zones), Pick.From<WindowSize?>(null, WindowSize.Minute, WindowSize.Hour, WindowSize.Day, WindowSize.Month),
        Gen.Select(Pick.From(s_bases), Gen.Int[-3000, 1500], Gen.Int[1, 3000]), Gen.Select(Gen.Bool, Gen.Bool, Gen.Bool),
        Pick.From<string?>(null, "alice", "bob"), Pick.From<string?>(null, null, "gpt", "o1")).Select(
            (zone, size, range, groups, subject, model) => new Asked(
                zone, size, range.Item1, range.Item2, range.Item3, groups.Item1 || subject is not null, groups.Item2, groups.Item3, subject, model));

    [Theory]
    [InlineData(Aggregation.Sum)]
    [InlineData(Aggregation.Count)]
    [InlineData(Aggregation.Avg)]
    [InlineData(Aggregation.Min)]
    [InlineData(Aggregation.Max)]
    [InlineData(Aggregation.Latest)]
    [InlineData(Aggregation.UniqueCount)]
    public async Task Any_query_gives_what_the_events_give(Aggregation aggregation)
    {
        await using QueryHost host = await QueryHost.StartAsync(engines);
        int revision = await host.CreateMeterAsync(engines, "m", aggregation.ToName(), "model", "region");
        Measured[] counted = [.. s_event.Array[Events].Single().DistinctBy(measured => measured.Id)];
        await SeedAsync(host.Tenant, revision, aggregation, counted);

        await s_query.SampleAsync(async asked =>
        {
            JsonElement answer = await host.GetAsync($"/api/v1/meters/m/query?{Url(asked)}");
            List<string> actual = [.. answer.GetProperty("data").EnumerateArray().Select(Row)];
            Assert.Equal(Expected(asked, aggregation, counted).Order(StringComparer.Ordinal), actual.Order(StringComparer.Ordinal));
            Assert.Equal(actual.Select(row => row[..20]).Order(StringComparer.Ordinal), actual.Select(row => row[..20]));
        }, iter: Queries, threads: 1);
    }

    /// <summary>Some folded by the first seal, some by the second, some not yet; and as many again that came and were voided.</summary>
    private async Task SeedAsync(string tenant, int revision, Aggregation aggregation, Measured[] counted)
    {
        Measured[] sealable = [.. counted.Where(measured => measured.Time < Engines.SealedUpto)];
        await SeededUsage.AddWindowsAsync(engines.ClickHouse, tenant, revision, aggregation, sealable.Where((_, index) => index % 3 == 0), seal: 1);
        await SeededUsage.AddWindowsAsync(engines.ClickHouse, tenant, revision, aggregation, sealable.Where((_, index) => index % 3 == 1), seal: 2);
        IEnumerable<Measured> open = sealable.Where((_, index) => index % 3 == 2).Concat(counted.Where(measured => measured.Time >= Engines.SealedUpto));
        await SeededUsage.AddDeltasAsync(engines.ClickHouse, tenant, revision, aggregation, open);

        Measured[] voided = [.. counted.Select(measured => measured with { Id = measured.Id + "v", Value = measured.Value + Quantity.FromInt64(1000) })];
        Measured[] voidedSealed = [.. voided.Where(measured => measured.Time < Engines.SealedUpto)];
        await SeededUsage.AddWindowsAsync(engines.ClickHouse, tenant, revision, aggregation, voidedSealed, seal: 2, kind: "amend");
        await SeededUsage.AddDeltasAsync(
            engines.ClickHouse, tenant, revision, aggregation, voided.Where(measured => measured.Time >= Engines.SealedUpto), offset: Engines.Folded + 10_000);
        await SeededUsage.AddDeltasAsync(engines.ClickHouse, tenant, revision, aggregation, voided.Select(measured => measured with { Sign = -1 }), offset: Engines.Folded + 20_000);
    }

    private static IEnumerable<string> Expected(Asked asked, Aggregation aggregation, Measured[] counted)
    {
        DateTimeOffset from = asked.Base.AddMinutes(asked.FromMinutes);
        DateTimeOffset to = from.AddMinutes(asked.Length);
        Dictionary<DateTimeOffset, Window>? windows = asked.Size is { } size
            ? NaiveWindows.Over(size, asked.Zone, from, to, size == WindowSize.Month ? TimeSpan.FromDays(32) : TimeSpan.FromHours(50))
            : null;
        return counted
            .Where(measured => measured.Time >= from && measured.Time < to && (asked.Subject is null || measured.Subject == asked.Subject) && (asked.Model is null || measured.Groups[0] == asked.Model))
            .GroupBy(measured => (
                Window: windows is null ? new Window(from, to) : windows[measured.Time.AddTicks(-(measured.Time.Ticks % TimeSpan.TicksPerMinute))],
                Subject: asked.BySubject ? measured.Subject : "-",
                Groups: $"{(asked.ByModel ? $"model={(measured.Groups[0].Length == 0 ? "null" : measured.Groups[0])};" : "")}{(asked.ByRegion ? $"region={measured.Groups[1]};" : "")}"))
            .Select(group => $"{Text(group.Key.Window.Start)} {Text(group.Key.Window.End)} {group.Key.Subject} {group.Key.Groups} {Reduce(aggregation, [.. group])}");
    }

    private static string Reduce(Aggregation aggregation, Measured[] events)
    {
        Quantity sum = events.Aggregate(Quantity.Zero, (total, measured) => total + measured.Value);
        return aggregation switch
        {
            Aggregation.Sum => sum.ToString(),
            Aggregation.Count => $"{events.Length}",
            Aggregation.Avg => sum.DivideBy(events.Length).ToString(),
            Aggregation.Min => events.Min(measured => measured.Value).ToString(),
            Aggregation.Max => events.Max(measured => measured.Value).ToString(),
            Aggregation.Latest => events.OrderBy(measured => measured.Time).ThenBy(measured => SeededUsage.IdentityOf("", "", measured.Id).ToString(), StringComparer.Ordinal).Last().Value.ToString(),
            Aggregation.UniqueCount => $"{events.Select(measured => measured.Value).Distinct().Count()}",
        };
    }

    private static string Row(JsonElement row)
    {
        string groups = string.Concat(row.GetProperty("groupBy").EnumerateObject().Select(entry => $"{entry.Name}={entry.Value.GetString() ?? "null"};"));
        return $"{row.GetProperty("windowStart").GetString()} {row.GetProperty("windowEnd").GetString()} {row.GetProperty("subject").GetString() ?? "-"} {groups} {row.GetProperty("value").GetRawText()}";
    }

    private static string Url(Asked asked)
    {
        DateTimeOffset from = asked.Base.AddMinutes(asked.FromMinutes);
        List<string> parts = [$"from={Text(from)}", $"to={Text(from.AddMinutes(asked.Length))}", $"windowTimeZone={asked.Zone}"];
        parts.AddRange(asked.Size is { } size ? [$"windowSize={size.ToName()}"] : []);
        parts.AddRange(asked.BySubject && asked.Subject is null ? ["groupBy=subject"] : []);
        parts.AddRange(asked.ByModel ? ["groupBy=model"] : []);
        parts.AddRange(asked.ByRegion ? ["groupBy=region"] : []);
        parts.AddRange(asked.Subject is { } subject ? [$"subject={subject}"] : []);
        parts.AddRange(asked.Model is { } model ? [$"filterGroupBy[model]={model}"] : []);
        return string.Join('&', parts);
    }

    private static string Text(DateTimeOffset instant) => instant.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    private static Int128 Power(int exponent) => Enumerable.Repeat((Int128)10, exponent).Aggregate((Int128)1, (left, right) => left * right);
}
