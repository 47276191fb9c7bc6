using System.Globalization;
using System.Text.Json;
using Metering.Query.Tests.Testing;
using Xunit;

namespace Metering.Query.Tests.Events;

public class EventTests(Engines engines)
{
    private static readonly DateTimeOffset s_now = new(DateTimeOffset.UtcNow.Ticks / TimeSpan.TicksPerMinute * TimeSpan.TicksPerMinute, TimeSpan.Zero);

    [Fact]
    public async Task Events_are_listed_newest_first_as_they_were_sent_and_as_they_count_now()
    {
        await using QueryHost host = await QueryHost.StartAsync(engines);
        await SeedAsync(host);

        JsonElement[] items = [.. (await host.GetAsync("/api/v1/events")).EnumerateArray()];

        Assert.Equal(["e4", "e3", "e2", "e1"], items.Select(Id));
        Assert.Equal("""{"value":2,"b":"ß"}""", items[0].GetProperty("event").GetProperty("data").GetRawText());
        Assert.Equal("https://example.com/schema", items[0].GetProperty("event").GetProperty("dataschema").GetString());
        Assert.Equal("1.0", items[0].GetProperty("event").GetProperty("specversion").GetString());
        Assert.Equal(s_now.AddMinutes(-1).AddTicks(1234567), items[0].GetProperty("event").GetProperty("time").GetDateTimeOffset());
        Assert.True(items[1].GetProperty("voided").GetBoolean());
        Assert.True(items[2].GetProperty("amended").GetBoolean());
        Assert.Equal("""{"value":30}""", items[2].GetProperty("event").GetProperty("data").GetRawText());
        Assert.False(items[3].TryGetProperty("voided", out _) || items[3].TryGetProperty("amended", out _));
        Assert.False(items[3].GetProperty("event").TryGetProperty("data", out _));
        Assert.Equal(s_now.AddMinutes(-4).AddSeconds(5), items[3].GetProperty("ingestedAt").GetDateTimeOffset());
        Assert.Equal(s_now.AddMinutes(-4).AddSeconds(5), items[3].GetProperty("storedAt").GetDateTimeOffset());
    }

    [Fact]
    public async Task A_meter_that_cannot_use_an_event_says_why()
    {
        await using QueryHost host = await QueryHost.StartAsync(engines);
        await host.CreateMeterAsync(engines, "m", "SUM");
        await SeededEvents.AddAsync(
            engines.ClickHouse, host.Tenant, 5000,
            new RawRecord("none", s_now.AddMinutes(-1)),
            new RawRecord("missing", s_now.AddMinutes(-2), """{"other":1}"""),
            new RawRecord("nan", s_now.AddMinutes(-3), """{"value":"NaN"}"""),
            new RawRecord("inf", s_now.AddMinutes(-4), """{"value":"Inf"}"""),
            new RawRecord("good", s_now.AddMinutes(-5), """{"value":"1"}"""),
            new RawRecord("stored", s_now.AddMinutes(-6), """{"value":1}""", Type: "unmetered", Problem: "as it was then"));

        JsonElement[] items = [.. (await host.GetAsync("/api/v1/events")).EnumerateArray()];

        Assert.Equal(
            ["invalid event: null and missing value property", "invalid event: missing value property: \"$.value\"", "invalid event: value cannot be NaN", "invalid event: value cannot be infinity", null, "as it was then"],
            items.Select(item => item.TryGetProperty("validationError", out JsonElement error) ? error.GetString() : null));
    }

    [Theory]
    [InlineData("id=E1", "e1")]
    [InlineData("subject=bob", "e4")]
    [InlineData("subject=bo", "")]
    [InlineData("limit=2", "e4 e3")]
    [InlineData("from=-150", "e4 e3")]
    [InlineData("to=-150", "e2 e1")]
    [InlineData("ingestedAtFrom=-150&ingestedAtTo=-100", "e3")]
    public async Task The_first_listing_filters(string query, string expected)
    {
        await using QueryHost host = await QueryHost.StartAsync(engines);
        await SeedAsync(host);

        Assert.Equal(expected, string.Join(' ', (await host.GetAsync($"/api/v1/events?{Absolute(query)}")).EnumerateArray().Select(Id)));
    }

    [Theory]
    [InlineData("""{"id":{"$in":["e1","e4"]}}""", "e4 e1")]
    [InlineData("""{"subject":{"$ne":"alice"},"type":{"$like":"c%"}}""", "e4")]
    [InlineData("""{"source":"test","id":{"$or":[{"$eq":"e2"},{"$eq":"e3"}]}}""", "e3 e2")]
    [InlineData("""{"time":{"$gte":"T-180","$lt":"T-60"}}""", "e3 e2")]
    [InlineData("""{"ingestedAt":{"$or":[{"$lt":"T-180"},{"$gt":"T-60"}]}}""", "e4 e1")]
    public async Task The_second_listing_filters(string filter, string expected)
    {
        await using QueryHost host = await QueryHost.StartAsync(engines);
        await SeedAsync(host);

        string absolute = filter;
        foreach (int seconds in (int[])[180, 60])
        {
            absolute = absolute.Replace($"T-{seconds}", s_now.AddSeconds(-seconds).ToString("O", CultureInfo.InvariantCulture), StringComparison.Ordinal);
        }

        JsonElement page = await host.GetAsync($"/api/v2/events?filter={Uri.EscapeDataString(absolute)}");
        Assert.Equal(expected, string.Join(' ', page.GetProperty("items").EnumerateArray().Select(Id)));
        Assert.False(page.TryGetProperty("nextCursor", out _));
    }

    [Fact]
    public async Task Pages_follow_one_another_even_among_events_of_one_instant()
    {
        await using QueryHost host = await QueryHost.StartAsync(engines);
        RawRecord[] records = [.. Enumerable.Range(0, 10).Select(index => new RawRecord($"e{index}", s_now.AddMinutes(-(index / 4))))];
        await SeededEvents.AddAsync(engines.ClickHouse, host.Tenant, 6000, records);

        List<string?> seen = [];
        string cursor = "";
        do
        {
            JsonElement page = await host.GetAsync($"/api/v2/events?limit=3{cursor}");
            seen.AddRange(page.GetProperty("items").EnumerateArray().Select(Id));
            cursor = page.TryGetProperty("nextCursor", out JsonElement next) ? $"&cursor={next.GetString()}" : "";
        }
        while (cursor.Length > 0);

        Assert.Equal(["e3", "e2", "e1", "e0", "e7", "e6", "e5", "e4", "e9", "e8"], seen);
    }

    [Theory]
    [InlineData("/api/v1/events?limit=101")]
    [InlineData("/api/v1/events?from=2001-01-01T00:00:00Z")]
    [InlineData("/api/v1/events?customerId=x")]
    [InlineData("/api/v2/events?cursor=nonsense")]
    [InlineData("/api/v2/events?filter=%7B%22price%22:%22x%22%7D")]
    [InlineData("/api/v2/events?filter=%7B%22time%22:%7B%22$like%22:%22x%22%7D%7D")]
    [InlineData("/v1/events/history?source=test")]
    public async Task A_wrong_listing_is_refused(string path)
    {
        await using QueryHost host = await QueryHost.StartAsync(engines);

        Assert.Equal(400, (await host.SendAsync("GET", path)).Status);
    }

    [Fact]
    public async Task The_history_of_an_event_is_every_record_about_it()
    {
        await using QueryHost host = await QueryHost.StartAsync(engines);
        await SeedAsync(host);

        JsonElement history = await host.GetAsync("/v1/events/history?source=test&id=e2");

        JsonElement[] records = [.. history.GetProperty("records").EnumerateArray()];
        Assert.Equal(["use", "amend"], records.Select(record => record.GetProperty("kind").GetString()));
        Assert.Equal("""{"value":3}""", records[0].GetProperty("data").GetRawText());
        Assert.Equal("typo", records[1].GetProperty("reason").GetString());
        Assert.Equal(404, (await host.SendAsync("GET", "/v1/events/history?source=test&id=e9")).Status);
        await using QueryHost other = await QueryHost.StartAsync(engines);
        Assert.Equal(404, (await other.SendAsync("GET", "/v1/events/history?source=test&id=e2")).Status);
    }

    private async Task SeedAsync(QueryHost host) => await SeededEvents.AddAsync(
        engines.ClickHouse, host.Tenant, 5000,
        new RawRecord("e1", s_now.AddMinutes(-4)),
        new RawRecord("e2", s_now.AddMinutes(-3), """{"value":3}"""),
        new RawRecord("e3", s_now.AddMinutes(-2), """{"value":1}"""),
        new RawRecord("e4", s_now.AddMinutes(-1).AddTicks(1234567), """{"value":2,"b":"ß"}""", Subject: "bob", Attributes: """{"dataschema":"https://example.com/schema"}"""),
        new RawRecord("e3", s_now, Kind: "void", Reason: "test data"),
        new RawRecord("e2", s_now.AddMinutes(-3), """{"value":30}""", Kind: "amend", Reason: "typo"));

    private static string? Id(JsonElement item) => item.GetProperty("event").GetProperty("id").GetString();

    /// <summary>Times in seconds from now to absolute ones.</summary>
    private static string Absolute(string query) => string.Join('&', query.Split('&').Select(part =>
        part.Split('=') is [var name, ['-', ..] seconds]
            ? $"{name}={s_now.AddSeconds(int.Parse(seconds, CultureInfo.InvariantCulture)).UtcDateTime:yyyy-MM-ddTHH:mm:ssZ}"
            : part));
}
