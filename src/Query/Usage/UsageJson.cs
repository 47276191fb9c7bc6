using System.Globalization;
using System.Text.Json;
using Metering.Query.Windows;

namespace Metering.Query.Usage;

/// <summary>A usage answer as JSON. Values are numbers with all their digits.</summary>
internal static class UsageJson
{
    public static void Write(Utf8JsonWriter json, UsagePlan plan, IReadOnlyList<UsageRow> rows)
    {
        json.WriteStartObject();
        WriteRange(json, plan.Request);
        json.WriteStartArray("data");
        int subject = plan.GroupBy.ToList().IndexOf(UsageColumns.Subject);
        foreach (UsageRow row in rows)
        {
            WriteRow(json, plan, row, subject);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    public static string Text(DateTimeOffset instant) => instant.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    private static void WriteRange(Utf8JsonWriter json, UsageRequest request)
    {
        if (request.From is { } from)
        {
            json.WriteString("from", Text(from));
        }

        if (request.To is { } to)
        {
            json.WriteString("to", Text(to));
        }

        if (request.WindowSize is { } size)
        {
            json.WriteString("windowSize", size.ToName());
        }

        if (request.AsOf is { } seal)
        {
            json.WriteNumber("asOf", seal);
        }
    }

    private static void WriteRow(Utf8JsonWriter json, UsagePlan plan, UsageRow row, int subject)
    {
        json.WriteStartObject();
        json.WritePropertyName("value");
        json.WriteRawValue(row.Value.ToString());
        json.WriteString("windowStart", Text(row.Window.Start));
        json.WriteString("windowEnd", Text(row.Window.End));
        if (subject >= 0)
        {
            json.WriteString("subject", row.Groups[subject]);
        }
        else
        {
            json.WriteNull("subject");
        }

        json.WriteStartObject("groupBy");
        foreach ((int index, string name) in plan.GroupBy.Index().Where(entry => entry.Index != subject))
        {
            // OpenMeter's clients know "the event had no such value" as null.
            json.WriteString(name, row.Groups[index].Length == 0 ? null : row.Groups[index]);
        }

        json.WriteEndObject();
        json.WriteEndObject();
    }
}
