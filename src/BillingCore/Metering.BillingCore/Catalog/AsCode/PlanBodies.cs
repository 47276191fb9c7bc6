using System.Text.Json;
using Metering.Billing.Catalog.Documents;
using Metering.Billing.Catalog.Samples;

namespace Metering.BillingCore.Catalog.AsCode;

/// <summary>A plan on the wire.</summary>
internal static class PlanBodies
{
    /// <summary>What changes, and how many things do not.</summary>
    public static void WriteChanges(Utf8JsonWriter json, IReadOnlyList<CatalogChange> changes)
    {
        json.WriteStartArray("changes");
        foreach (CatalogChange change in changes.Where(change => change.Action != CatalogAction.Unchanged))
        {
            WriteChange(json, change);
        }

        json.WriteEndArray();
        json.WriteNumber("unchanged", changes.Count(change => change.Action == CatalogAction.Unchanged));
    }

    public static void WriteBills(Utf8JsonWriter json, IEnumerable<SampleBill> bills)
    {
        json.WriteStartArray("sample_bills");
        foreach (SampleBill bill in bills)
        {
            WriteBill(json, bill);
        }

        json.WriteEndArray();
    }

    private static void WriteChange(Utf8JsonWriter json, CatalogChange change)
    {
        json.WriteStartObject();
        json.WriteString("action", change.Action.ToString().ToLowerInvariant());
        json.WriteString("kind", change.Kind);
        json.WriteString("key", change.Key);
        json.WriteStartArray("fields");
        foreach (FieldChange field in change.Fields)
        {
            json.WriteStartObject();
            json.WriteString("path", field.Path);
            WriteValue(json, "old", field.Old);
            WriteValue(json, "new", field.New);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteValue(Utf8JsonWriter json, string name, string? value)
    {
        if (value is not null)
        {
            json.WritePropertyName(name);
            json.WriteRawValue(value);
        }
    }

    private static void WriteBill(Utf8JsonWriter json, SampleBill bill)
    {
        json.WriteStartObject();
        json.WriteString("price_book", bill.PriceBook);
        json.WriteString("plan", bill.Plan);
        json.WriteString("phase", bill.Phase);
        json.WriteString("component", bill.Component);
        if (bill.Cell is { } cell)
        {
            json.WriteStartObject("cell");
            foreach ((string dimension, string value) in cell.Values)
            {
                json.WriteString(dimension, value);
            }

            json.WriteEndObject();
        }

        json.WriteString("old_currency", bill.OldCurrency?.Code);
        json.WriteString("new_currency", bill.NewCurrency?.Code);
        json.WriteStartArray("rows");
        foreach (SampleRow row in bill.Rows)
        {
            WriteRow(json, row);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteRow(Utf8JsonWriter json, SampleRow row)
    {
        json.WriteStartObject();
        json.WriteString("quantity", row.Quantity?.ToString());
        if (row.Events is { } events)
        {
            json.WriteNumber("events", events);
        }

        WriteAmount(json, "old", row.Old);
        WriteAmount(json, "new", row.New);
        json.WriteEndObject();
    }

    private static void WriteAmount(Utf8JsonWriter json, string name, SampleAmount? amount)
    {
        if (amount is not { } there)
        {
            json.WriteNull(name);
            return;
        }

        json.WriteStartObject(name);
        json.WriteString("amount", there.Amount.ToString());
        json.WriteString("exact", there.Exact.ToString());
        json.WriteEndObject();
    }
}
