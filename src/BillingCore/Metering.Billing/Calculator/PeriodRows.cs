using System.Text.Json;
using Metering.Billing.Periods;
using Metering.Billing.Proration;
using Metering.Billing.Zones;

namespace Metering.Billing.Calculator;

/// <summary>The rows of one case of <c>periods</c>.</summary>
internal sealed record PeriodRows(ZoneRules? Zone, IReadOnlyList<BillingPeriod> Rows)
{
    public static PeriodRows None { get; } = new(null, []);

    public static void Write(Utf8JsonWriter json, PeriodRows rows)
    {
        json.WriteStartArray("periods");
        foreach (BillingPeriod row in rows.Rows)
        {
            WriteRow(json, row, rows.Zone!);
        }

        json.WriteEndArray();
    }

    private static void WriteRow(Utf8JsonWriter json, BillingPeriod row, ZoneRules zone)
    {
        ProrationClock days = new(row.Full, ProrationUnit.Day, zone);
        json.WriteStartObject();
        json.WriteNumber("k", row.Index);
        json.WriteRange("full", row.Full);
        json.WriteLocalRange("local", row.Full, zone);
        json.WriteRange("service", row.Service);
        json.WriteStartObject("days");
        json.WriteNumber("service", days.ElapsedAt(row.Service.End) - days.ElapsedAt(row.Service.Start));
        json.WriteNumber("full", days.Full);
        json.WriteEndObject();
        json.WriteString("fraction", days.Share(row.Service).ToShareText());
        json.WriteEndObject();
    }
}
