using System.Globalization;
using System.Text.Json;
using Metering.Billing.Proration;

namespace Metering.Billing.Calculator;

/// <summary>The answer to one case of <c>prorate</c>.</summary>
internal sealed record ProrateAnswer(ProrationClock Clock, Change Change)
{
    public static void Write(Utf8JsonWriter json, ProrateAnswer? answer)
    {
        Change change = answer!.Change;
        json.WriteString("net", change.Net.ToString());
        json.WriteString("direction", NameOf(change.Direction));
        json.WriteString("elapsed_unit", NameOf(answer.Clock.Unit));
        json.WriteString("full", answer.Clock.Full.ToString(CultureInfo.InvariantCulture));
        json.WriteStartArray("lines");
        foreach (ProrationLine line in change.Lines)
        {
            WriteLine(json, line);
        }

        json.WriteEndArray();
    }

    private static void WriteLine(Utf8JsonWriter json, ProrationLine line)
    {
        json.WriteStartObject();
        json.WriteString("charge", line.Charge);
        json.WriteString("kind", line.Kind == ProrationKind.Credit ? "credit" : "charge");
        json.WriteString("amount", line.Amount.ToString());
        json.WriteString("exact", line.Exact.ToString());
        json.WriteRange("service", line.Service);
        json.WriteString("fraction", line.Share.ToShareText());
        json.WriteBoolean("capped", line.Capped);
        json.WriteEndObject();
    }

    private static string NameOf(ChangeDirection direction) => direction switch
    {
        ChangeDirection.Upgrade => "upgrade",
        ChangeDirection.Downgrade => "downgrade",
        ChangeDirection.Lateral => "lateral",
    };

    private static string NameOf(ProrationUnit unit) => unit switch
    {
        ProrationUnit.Day => "day",
        ProrationUnit.Second => "second",
        ProrationUnit.None => "none",
    };
}
