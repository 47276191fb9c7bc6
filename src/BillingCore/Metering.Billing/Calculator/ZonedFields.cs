using System.Globalization;
using System.Text.Json;
using Metering.Billing.Periods;
using Metering.Billing.Zones;

namespace Metering.Billing.Calculator;

/// <summary>Fields that are points in time, read and written in the zone of their case.</summary>
internal static class ZonedFields
{
    private static readonly ZoneRules s_utc = ZoneRules.Create("UTC", "", [new ZoneTransition(DateTimeOffset.MinValue, TimeSpan.Zero)], DateTimeOffset.MaxValue);

    /// <summary>The zone of the case, UTC unless given.</summary>
    public static ZoneRules Zone(this JsonFields fields, IZoneSource zones)
    {
        string id = fields.Text("zone") ?? "UTC";
        if (zones.Find(id) is { } zone)
        {
            return zone;
        }

        fields.Refuse("zone", $"'{id}' is not an IANA time zone such as Europe/Berlin");
        return s_utc;
    }

    /// <summary>Null when absent.</summary>
    public static InstantText? Time(this JsonFields fields, string name)
    {
        if (fields.Text(name) is not { } text)
        {
            return null;
        }

        if (InstantText.TryParse(text, out InstantText time))
        {
            return time;
        }

        fields.Refuse(name, InstantText.Expected);
        return null;
    }

    /// <summary>Null when absent.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Outside the years 1 to 9999.</exception>
    public static DateTimeOffset? Instant(this JsonFields fields, string name, ZoneRules zone) => fields.Time(name)?.In(zone);

    public static void WriteRange(this Utf8JsonWriter json, string name, TimeRange range)
    {
        json.WriteStartArray(name);
        json.WriteStringValue(InstantOf(range.Start));
        json.WriteStringValue(InstantOf(range.End));
        json.WriteEndArray();
    }

    /// <summary>What clocks of the zone show; seconds only when there are any.</summary>
    public static void WriteLocalRange(this Utf8JsonWriter json, string name, TimeRange range, ZoneRules zone)
    {
        json.WriteStartArray(name);
        json.WriteStringValue(LocalOf(zone.ToLocal(range.Start)));
        json.WriteStringValue(LocalOf(zone.ToLocal(range.End)));
        json.WriteEndArray();
    }

    private static string InstantOf(DateTimeOffset instant) => instant.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    private static string LocalOf(DateTime local) => local.ToString(local.Second == 0 ? "yyyy-MM-dd'T'HH:mm" : "yyyy-MM-dd'T'HH:mm:ss", CultureInfo.InvariantCulture);
}
