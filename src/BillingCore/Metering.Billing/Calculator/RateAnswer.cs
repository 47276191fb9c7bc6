using System.Text.Json;
using Metering.Billing.Catalog;
using Metering.Billing.Rating;

namespace Metering.Billing.Calculator;

/// <summary>One result of <c>rate</c>.</summary>
internal sealed record RateAnswer(BilledStep Step, Explanation Explanation)
{
    public static void Write(Utf8JsonWriter json, RateAnswer? answer)
    {
        (BilledStep step, Explanation explanation) = answer!;
        RatedCharge total = step.Total.Charge;
        json.WriteString("amount", step.Amount.ToString());
        json.WriteString("amount_exact", step.AmountExact.ToString());
        json.WriteStartObject("total");
        json.WriteString("amount", total.Amount.Net.ToString());
        json.WriteString("exact", total.Exact.Net.ToString());
        json.WriteEndObject();
        json.WriteStartObject("already");
        json.WriteString("amount", step.Before.Amount.Net.ToString());
        json.WriteEndObject();
        json.WriteString("billable_quantity", (total.Billable - step.Before.Billable).ToString());
        json.WriteString("billable_quantity_before", step.Before.Billable.ToString());
        WriteLines(json, step.Lines);
        ExplanationJson.Write(json, explanation);
    }

    public static void WriteLines(Utf8JsonWriter json, IReadOnlyList<RatedLine> lines)
    {
        json.WriteStartArray("lines");
        foreach (RatedLine line in lines)
        {
            WriteLine(json, line);
        }

        json.WriteEndArray();
    }

    private static void WriteLine(Utf8JsonWriter json, RatedLine line)
    {
        json.WriteStartObject();
        json.WriteString("kind", RatedLines.Name(line.Kind));
        CatalogJson.WriteKey(json, "cell", line.Cell ?? CellKey.None);
        json.WriteString("amount", line.Amount.ToString());
        json.WriteString("exact", line.Exact.ToString());
        json.WriteEndObject();
    }
}
