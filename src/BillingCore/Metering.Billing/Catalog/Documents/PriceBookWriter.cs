using System.Text.Json;
using Metering.Billing.Periods;
using Metering.Billing.Proration;

namespace Metering.Billing.Catalog.Documents;

/// <summary>A version of a price book as canonical JSON: what is published, compared, exported and hashed.</summary>
public static class PriceBookWriter
{
    public static byte[] Bytes(PriceBookDocument book) => CanonicalJson.Bytes(json => Write(json, book));

    internal static void Write(Utf8JsonWriter json, PriceBookDocument book)
    {
        json.WriteString("currency", book.Currency.Code);
        json.WriteString("rounding", book.Rounding.Name());
        CanonicalJson.Write(json, "effective_from", book.EffectiveFrom);
        CanonicalJson.WriteList(json, "plans", book.Plans, plan => WritePlan(json, plan));
    }

    private static void WritePlan(Utf8JsonWriter json, PlanDocument plan)
    {
        json.WriteString("key", plan.Key);
        json.WriteString("name", plan.Name);
        json.WriteString("product", plan.Product);
        CanonicalJson.WriteList(json, "phases", plan.Phases, phase => WritePhase(json, phase));
        if (plan.Commitments.Count > 0)
        {
            CanonicalJson.WriteList(json, "commitments", plan.Commitments, commitment => WriteCommitment(json, commitment));
        }
    }

    private static void WritePhase(Utf8JsonWriter json, PhaseDocument phase)
    {
        json.WriteString("key", phase.Key);
        if (phase.IsTrial)
        {
            json.WriteBoolean("trial", true);
        }

        if (phase.Length is { } length)
        {
            WriteInterval(json, "length", length);
        }

        CanonicalJson.WriteList(json, "components", phase.Components, component => WriteComponent(json, component));
    }

    private static void WriteComponent(Utf8JsonWriter json, ComponentDocument document)
    {
        json.WriteString("key", document.Component.Key);
        json.WriteString("name", document.Name);
        WriteContent(json, document);
    }

    /// <summary>All but its names.</summary>
    internal static void WriteContent(Utf8JsonWriter json, ComponentDocument document)
    {
        Component component = document.Component;
        if (document.Timing != ChargeTiming.Usage)
        {
            json.WriteString("timing", document.Timing.ToString().ToLowerInvariant());
        }

        WriteInterval(json, "interval", document.Interval);
        json.WriteString("prorate", document.Proration.ToString().ToLowerInvariant());
        if (component.TaxCategory.Length > 0)
        {
            json.WriteString("tax_category", component.TaxCategory);
        }

        if (component.Source is { } source)
        {
            WriteSource(json, source);
        }

        json.WriteStartObject("price");
        CatalogJson.WriteComponent(json, component);
        json.WriteEndObject();
    }

    private static void WriteSource(Utf8JsonWriter json, UsageSource source)
    {
        json.WriteString("meter", source.Meter);
        if (source.Filter.Count > 0)
        {
            CanonicalJson.WriteList(json, "filter", source.Filter.OrderBy(one => one.Key, StringComparer.Ordinal), one =>
            {
                json.WriteString("property", one.Key);
                CanonicalJson.WriteTexts(json, "values", one.Value.Order(StringComparer.Ordinal));
            });
        }
    }

    private static void WriteCommitment(Utf8JsonWriter json, Commitment commitment)
    {
        json.WriteString("key", commitment.Key);
        CanonicalJson.Write(json, "amount", commitment.Amount);
        CanonicalJson.WriteTexts(json, "components", commitment.Components);
        if (commitment.OnEarlyEnd == EarlyEnd.Full)
        {
            json.WriteString("on_early_end", "full");
        }
    }

    internal static void WriteInterval(Utf8JsonWriter json, string name, BillingInterval interval)
    {
        json.WriteStartObject(name);
        json.WriteString("unit", interval.Unit.Text());
        json.WriteNumber("count", interval.Count);
        json.WriteEndObject();
    }
}
