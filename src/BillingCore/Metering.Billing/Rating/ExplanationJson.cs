using System.Text.Json;
using Metering.Billing.Catalog;

namespace Metering.Billing.Rating;

/// <summary>The explanation as the calculator answers it and an invoice keeps it.</summary>
internal static class ExplanationJson
{
    public static void Write(Utf8JsonWriter json, Explanation explanation)
    {
        json.WriteStartArray("explanation");
        foreach ((CellKey? cell, Step step) in explanation.Steps)
        {
            json.WriteStartObject();
            WriteStep(json, step);
            WriteCell(json, cell);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteStep(Utf8JsonWriter json, Step step)
    {
        switch (step)
        {
            case ConvertStep one:
                json.WriteString("step", "convert");
                Write(json, "from", one.From);
                CatalogJson.WriteConversion(json, one.Conversion);
                Write(json, "quantity", one.Quantity);
                break;
            case AllowanceStep one:
                json.WriteString("step", "allowance");
                Write(json, "from", one.From);
                Write(json, "allowance", one.Allowance);
                Write(json, "quantity", one.Quantity);
                break;
            case TierStep one:
                WriteTier(json, one);
                break;
            case EventStep one:
                WriteEvent(json, one);
                break;
            case DiscountStep one:
                json.WriteString("step", "discount");
                CatalogJson.WriteDiscount(json, one.Discount);
                Write(json, "exact", one.Exact);
                break;
            case MinimumStep one:
                json.WriteString("step", "minimum");
                Write(json, "minimum", one.Bound);
                Write(json, "exact", one.Exact);
                break;
            case MaximumStep one:
                json.WriteString("step", "maximum");
                Write(json, "maximum", one.Bound);
                Write(json, "exact", one.Exact);
                break;
            case RoundStep one:
                json.WriteString("step", "round");
                Write(json, "exact", one.Exact);
                json.WriteString("rounding", one.Rounding.Name());
                json.WriteString("amount", one.Amount.ToString());
                break;
            case AlreadyStep one:
                json.WriteString("step", "already");
                Write(json, "exact", one.Exact);
                json.WriteString("amount", one.Amount.ToString());
                break;
        }
    }

    private static void WriteTier(Utf8JsonWriter json, TierStep step)
    {
        json.WriteString("step", "tier");
        Write(json, "from", step.From);
        if (step.UpTo is { } upTo)
        {
            Write(json, "up_to", upTo);
        }
        else
        {
            json.WriteNull("up_to");
        }

        Write(json, "quantity", step.Quantity);
        if (step.Rate is { } rate)
        {
            CatalogJson.WriteRate(json, rate);
        }

        Write(json, "flat", step.Flat);
        Write(json, "exact", step.Exact);
    }

    private static void WriteEvent(Utf8JsonWriter json, EventStep step)
    {
        json.WriteString("step", "event");
        json.WriteString("id", step.Id);
        Write(json, "quantity", step.Value);
        Write(json, "free", step.Free);
        Write(json, "percent", step.Percent);
        Write(json, "fixed", step.Fixed);
        Write(json, "exact", step.Exact);
    }

    private static void WriteCell(Utf8JsonWriter json, CellKey? cell)
    {
        if (cell is not null)
        {
            CatalogJson.WriteKey(json, "cell", cell);
        }
    }

    private static void Write(Utf8JsonWriter json, string name, Fraction value) => json.WriteString(name, value.ToString());
}
