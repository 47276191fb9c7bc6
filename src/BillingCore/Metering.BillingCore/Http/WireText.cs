using System.Globalization;
using System.Text.Json;

namespace Metering.BillingCore.Http;

/// <summary>Values as every answer writes them.</summary>
internal static class WireText
{
    /// <summary>Left out when there is none.</summary>
    public static void WriteInstant(this Utf8JsonWriter json, string name, DateTimeOffset? at)
    {
        if (at is { } instant)
        {
            json.WriteString(name, instant.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFF'Z'", CultureInfo.InvariantCulture));
        }
    }

    /// <summary>JSON that was written before.</summary>
    public static void WriteStored(this Utf8JsonWriter json, string name, string body)
    {
        json.WritePropertyName(name);
        json.WriteRawValue(body);
    }
}
