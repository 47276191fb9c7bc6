using System.Text;
using System.Text.Json;
using Metering.Aggregator.Engine.Meters;

namespace Metering.Query.Events;

/// <summary>An event of a listing as JSON: CloudEvents attributes and data as they were sent, and what became of it.</summary>
internal static class EventJson
{
    public static void Write(Utf8JsonWriter json, EventRow row, string? problem)
    {
        json.WriteStartObject();
        json.WriteStartObject("event");
        WriteEvent(json, row);
        json.WriteEndObject();
        if (problem is not null)
        {
            json.WriteString("validationError", problem);
        }

        json.WriteString("ingestedAt", row.IngestedAt.UtcDateTime);
        json.WriteString("storedAt", row.IngestedAt.UtcDateTime);
        WriteFlag(json, "amended", row.Amended);
        WriteFlag(json, "voided", row.Voided);
        json.WriteEndObject();
    }

    /// <summary>By the meters as they are now; what a meter said at the time only where no meter of today looks at the event.</summary>
    public static string? ProblemOf(EventRow row, string tenant, MeterSet meters) =>
        meters.FindProblem(tenant, row.Type, Encoding.UTF8.GetBytes(row.Data), row.Time.UtcTicks) ?? (row.Problem.Length > 0 ? row.Problem : null);

    public static void WriteRaw(Utf8JsonWriter json, string name, string text)
    {
        json.WritePropertyName(name);
        json.WriteRawValue(text);
    }

    private static void WriteEvent(Utf8JsonWriter json, EventRow row)
    {
        json.WriteString("specversion", "1.0");
        json.WriteString("id", row.Id);
        json.WriteString("source", row.Source);
        json.WriteString("type", row.Type);
        json.WriteString("subject", row.Subject);
        json.WriteString("time", row.Time.UtcDateTime);
        if (row.Attributes.Length > 0)
        {
            WriteAttributes(json, row.Attributes);
        }

        if (row.Data.Length > 0)
        {
            WriteRaw(json, "data", row.Data);
        }
    }

    private static void WriteAttributes(Utf8JsonWriter json, string attributes)
    {
        using JsonDocument document = JsonDocument.Parse(attributes);
        foreach (JsonProperty attribute in document.RootElement.EnumerateObject())
        {
            if (attribute.Name is not ("specversion" or "id" or "source" or "type" or "subject" or "time" or "data"))
            {
                attribute.WriteTo(json);
            }
        }
    }

    private static void WriteFlag(Utf8JsonWriter json, string name, bool set)
    {
        if (set)
        {
            json.WriteBoolean(name, true);
        }
    }
}
