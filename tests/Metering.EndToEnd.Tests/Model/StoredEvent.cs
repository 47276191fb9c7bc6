using System.Globalization;
using System.Text.Json;
using Metering.EndToEnd.Tests.Running;

namespace Metering.EndToEnd.Tests.Model;

/// <summary>A record about an event as <c>usage_event_history</c> has it.</summary>
internal sealed record StoredEvent(string Kind, string Source, string Id, string Type, string Subject, DateTimeOffset Time, string Data, long Offset)
{
    public static async Task<List<StoredEvent>> ReadAsync(MeteringClient client, string tenant = "default")
    {
        List<JsonElement> rows = await client.SqlRowsAsync(
            $"SELECT kind, source, id, type, subject, toString(time) AS time, data, toInt64(off) AS off FROM usage_event_history WHERE tenant = '{tenant}' AND subject != 'marker'");
        return [.. rows.Select(Of)];
    }

    /// <summary>The events as they count: without voided ones, amended ones in the version of their last amendment.</summary>
    public static IReadOnlyList<StoredEvent> Effective(IEnumerable<StoredEvent> history) =>
    [
        .. from record in history
           group record by (record.Source, record.Id) into versions
           where versions.Any(one => one.Kind == "use") && versions.All(one => one.Kind != "void")
           select versions.Where(one => one.Kind == "amend").MaxBy(one => one.Offset) ?? versions.First(one => one.Kind == "use"),
    ];

    private static StoredEvent Of(JsonElement row) => new(
        row.GetProperty("kind").GetString()!,
        row.GetProperty("source").GetString()!,
        row.GetProperty("id").GetString()!,
        row.GetProperty("type").GetString()!,
        row.GetProperty("subject").GetString()!,
        DateTimeOffset.Parse(row.GetProperty("time").GetString()!, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal),
        row.GetProperty("data").GetString()!,
        long.Parse(row.GetProperty("off").ToString(), CultureInfo.InvariantCulture));
}
