using System.Globalization;
using System.Text;
using System.Text.Json;
using Metering.EndToEnd.Tests.Running;
using Xunit;

namespace Metering.EndToEnd.Tests.Model;

/// <summary>Usage counted again, slowly and simply, from stored events; and the same as the query endpoint tells it.</summary>
internal static class UsageModel
{
    private const int Places = 12;

    /// <summary>Asserts that a meter's hours, by subject and all its dimensions, are what its events come to.</summary>
    public static async Task AssertEqualAsync(MeteringClient client, TestMeter meter, IReadOnlyCollection<StoredEvent> effective, string tenant = "default")
    {
        SortedDictionary<string, decimal> expected = Recompute(meter, effective);
        SortedDictionary<string, decimal> actual = await QueryAsync(client, meter, tenant);
        string[] different = [.. expected.Keys.Union(actual.Keys)
            .Where(key => !expected.TryGetValue(key, out decimal left) || !actual.TryGetValue(key, out decimal right) || left != right)
            .Select(key => $"{key}: {Text(actual, key)}, should be {Text(expected, key)}")];
        Assert.True(different.Length == 0, $"{meter.Slug}: {different.Length} of {expected.Count} windows differ\n{string.Join('\n', different.Take(20))}");
        Assert.NotEmpty(expected);
    }

    public static SortedDictionary<string, decimal> Recompute(TestMeter meter, IEnumerable<StoredEvent> effective)
    {
        Dictionary<string, List<(StoredEvent Event, string Value)>> windows = [];
        foreach (StoredEvent one in effective.Where(one => one.Type == meter.EventType))
        {
            using JsonDocument data = JsonDocument.Parse(one.Data.Length == 0 ? "{}" : one.Data);
            string? value = meter.Value is null ? "1" : Property(data.RootElement, meter.Value);
            if (value is null)
            {
                continue;
            }

            DateTimeOffset hour = new(one.Time.Ticks - (one.Time.Ticks % TimeSpan.TicksPerHour), TimeSpan.Zero);
            string key = Key(hour, one.Subject, meter.GroupBy.Select(name => Property(data.RootElement, name)));
            if (!windows.TryGetValue(key, out List<(StoredEvent, string)>? events))
            {
                windows.Add(key, events = []);
            }

            events.Add((one, value));
        }

        return new SortedDictionary<string, decimal>(windows.ToDictionary(window => window.Key, window => Reduce(meter.Aggregation, window.Value)));
    }

    public static async Task<SortedDictionary<string, decimal>> QueryAsync(MeteringClient client, TestMeter meter, string tenant = "default")
    {
        string groups = string.Concat(meter.GroupBy.Select(name => $"&groupBy={name}"));
        JsonElement answer = await client.RequireAsync(HttpMethod.Get, $"/api/v1/meters/{meter.Slug}/query?windowSize=HOUR&groupBy=subject{groups}", tenant: tenant);
        SortedDictionary<string, decimal> windows = [];
        foreach (JsonElement row in answer.GetProperty("data").EnumerateArray())
        {
            JsonElement group = row.GetProperty("groupBy");
            windows.Add(
                Key(row.GetProperty("windowStart").GetDateTimeOffset(), row.GetProperty("subject").GetString()!, meter.GroupBy.Select(name => group.GetProperty(name).GetString())),
                row.GetProperty("value").GetDecimal());
        }

        return windows;
    }

    private static decimal Reduce(string aggregation, List<(StoredEvent Event, string Value)> events) => aggregation switch
    {
        "COUNT" => events.Count,
        "SUM" => events.Sum(one => Number(one.Value)),
        "MIN" => events.Min(one => Number(one.Value)),
        "MAX" => events.Max(one => Number(one.Value)),
        "AVG" => decimal.Round(events.Sum(one => Number(one.Value)) / events.Count, Places, MidpointRounding.ToEven),
        "LATEST" => Number(events.MaxBy(one => one.Event.Time).Value),
        "UNIQUE_COUNT" => events.Select(one => one.Value).Distinct(StringComparer.Ordinal).Count(),
        _ => throw new ArgumentException(aggregation),
    };

    private static decimal Number(string text) => decimal.Round(decimal.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture), Places, MidpointRounding.ToEven);

    private static string Key(DateTimeOffset hour, string subject, IEnumerable<string?> groups)
    {
        StringBuilder key = new();
        key.Append(CultureInfo.InvariantCulture, $"{hour:yyyy-MM-dd HH} {subject}");
        foreach (string? group in groups)
        {
            key.Append(CultureInfo.InvariantCulture, $" {(group is null or "" ? "∅" : group)}");
        }

        return key.ToString();
    }

    private static string? Property(JsonElement data, string name) => data.TryGetProperty(name, out JsonElement value)
        ? value.ValueKind == JsonValueKind.String ? value.GetString() : value.GetRawText()
        : null;

    private static string Text(SortedDictionary<string, decimal> windows, string key) =>
        windows.TryGetValue(key, out decimal value) ? value.ToString(CultureInfo.InvariantCulture) : "nothing";
}
