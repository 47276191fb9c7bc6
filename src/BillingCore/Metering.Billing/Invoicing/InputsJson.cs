using System.Text.Json;
using Metering.Billing.Catalog;
using Metering.Billing.Credits;
using Metering.Billing.Periods;
using Metering.Billing.Proration;
using Metering.Billing.Rating;
using Metering.Billing.Tax;

namespace Metering.Billing.Invoicing;

/// <summary>An invoice's inputs in canonical JSON: what is stored beside it, and what its hash is over.</summary>
internal static class InputsJson
{
    public static byte[] Bytes(InvoiceInputs inputs) => CanonicalJson.Bytes(json =>
    {
        json.WriteString("rules_version", RulesVersion.Current);
        json.WriteString("subscription", inputs.Subscription);
        json.WriteNumber("history_sequence", inputs.HistorySequence);
        if (inputs.MappingSequence is { } mapping)
        {
            json.WriteNumber("mapping_sequence", mapping);
        }

        if (inputs.BilledTo is { } billed)
        {
            CanonicalJson.Write(json, "billed_to", billed);
        }

        json.WriteNumber("seal", inputs.Seal);
        json.WriteNumber("approved_history_seal", inputs.ApprovedHistorySeal);
        json.WriteString("tzdb", inputs.Tzdb);
        json.WriteString("currency", inputs.Currency.Code);
        json.WriteString("rounding", inputs.Rounding.Name());
        CanonicalJson.WriteList(json, "charges", inputs.Charges, charge => WriteCharge(json, charge));
        CanonicalJson.WriteList(json, "commitments", inputs.Commitments, commitment => WriteCommitment(json, commitment));
        CanonicalJson.WriteList(json, "period_discounts", inputs.Discounts, period =>
        {
            WriteRange(json, "period", period.Period);
            CatalogJson.WriteDiscounts(json, period.Discounts);
            CanonicalJson.Write(json, "earlier_positive", period.EarlierPositive);
            CanonicalJson.Write(json, "earlier_discount", period.EarlierDiscount);
        });
        CanonicalJson.WriteList(json, "promotional_grants", inputs.PromotionalGrants, grant => WriteGrant(json, grant));
        WriteTaxTerms(json, inputs.Tax);
    });

    public static string Name(TaxStatus status) => status switch
    {
        TaxStatus.Taxable => "taxable",
        TaxStatus.Exempt => "exempt",
        TaxStatus.ReverseCharge => "reverse_charge",
    };

    public static void WriteRate(Utf8JsonWriter json, TaxRate rate)
    {
        json.WriteString("code", rate.Code);
        CanonicalJson.Write(json, "percent", rate.Percent);
        json.WriteBoolean("inclusive", rate.IsInclusive);
    }

    public static void WriteCharge(Utf8JsonWriter json, Charge charge)
    {
        json.WriteString("key", charge.Key);
        json.WriteString("component", charge.Component);
        json.WriteString("tax_category", charge.TaxCategory);
        WriteRange(json, "period", charge.Period);
        WriteRange(json, "service", charge.Service);
        json.WriteString("recognition", Name(charge.Recognition));
        json.WriteString("priced_by", charge.PricedBy);
        WriteOriginalTax(json, charge.OriginalTax);
        switch (charge)
        {
            case UsageCharge usage:
                WriteUsageCharge(json, usage);
                break;
            case AmountCharge amount:
                json.WriteString("kind", "amount");
                CanonicalJson.Write(json, "amount", amount.Amount);
                json.WriteString("corrects", amount.Corrects);
                json.WriteString("arithmetic", amount.Arithmetic);
                if (amount.Unit == ProrationUnit.Second)
                {
                    json.WriteString("unit", "second");
                }

                break;
            case GrantPurchase purchase:
                json.WriteString("kind", "grant_purchase");
                CanonicalJson.Write(json, "amount", purchase.Amount);
                json.WriteString("grant", purchase.Grant);
                break;
        }
    }

    private static void WriteUsageCharge(Utf8JsonWriter json, UsageCharge charge)
    {
        json.WriteString("kind", "usage");
        json.WriteStartObject("price");
        CatalogJson.WriteComponent(json, charge.Price);
        json.WriteEndObject();
        WriteUsage(json, charge.Usage);
        WriteOptional(json, "already_quantity", charge.Already.Quantity);
        WriteOptional(json, "already_amount", charge.Already.Amount);
        CanonicalJson.Write(json, "share", charge.Share);
        json.WriteBoolean("closing", charge.IsClosing);
    }

    private static void WriteUsage(Utf8JsonWriter json, in Usage usage)
    {
        if (usage.Cells is { } cells)
        {
            CanonicalJson.WriteList(json, "cells", cells, cell =>
            {
                CatalogJson.WriteKey(json, "key", cell.Key);
                WriteUsage(json, cell.Usage);
            });
        }
        else if (usage.Events is { } events)
        {
            CanonicalJson.WriteList(json, "events", events, one => WriteEvent(json, one));
        }
        else
        {
            WriteOptional(json, "quantity", usage.IsNone ? null : usage.Quantity);
        }
    }

    private static void WriteEvent(Utf8JsonWriter json, UsageEvent one)
    {
        CanonicalJson.Write(json, "value", one.Value);
        if (one.At is { } at)
        {
            CanonicalJson.Write(json, "at", at);
        }

        json.WriteString("id", one.Id);
        json.WriteString("currency", one.Currency);
    }

    private static void WriteCommitment(Utf8JsonWriter json, CommitmentCharge commitment)
    {
        json.WriteString("key", commitment.Key);
        CanonicalJson.Write(json, "amount", commitment.Amount);
        CanonicalJson.WriteTexts(json, "components", commitment.Components);
        CanonicalJson.Write(json, "share", commitment.Share);
        CanonicalJson.Write(json, "earlier", commitment.Earlier);
        json.WriteString("tax_category", commitment.TaxCategory);
        WriteRange(json, "period", commitment.Period);
    }

    private static void WriteGrant(Utf8JsonWriter json, Grant grant)
    {
        json.WriteString("id", grant.Id);
        CanonicalJson.Write(json, "remaining", grant.Remaining);
        if (grant.Components is { } components)
        {
            CanonicalJson.WriteTexts(json, "components", components.Order(StringComparer.Ordinal));
        }

        json.WriteNumber("priority", grant.Priority);
        CanonicalJson.Write(json, "valid_from", grant.ValidFrom);
        if (grant.ExpiresAt is { } expiry)
        {
            CanonicalJson.Write(json, "expires_at", expiry);
        }

        CanonicalJson.Write(json, "granted_at", grant.GrantedAt);
        json.WriteBoolean("usable", grant.IsUsable);
    }

    private static void WriteTaxTerms(Utf8JsonWriter json, TaxTerms terms)
    {
        json.WriteString("tax_status", Name(terms.Status));
        CanonicalJson.Write(json, "tax_point", terms.At);
        CanonicalJson.WriteList(json, "tax_rules", terms.Rules, rule =>
        {
            json.WriteString("category", rule.Category);
            WriteRate(json, rule.Rate);
            CanonicalJson.Write(json, "valid_from", rule.ValidFrom);
        });
    }

    private static void WriteOriginalTax(Utf8JsonWriter json, OriginalTax? original)
    {
        if (original is null)
        {
            return;
        }

        json.WriteStartObject("original_tax");
        if (original.Rate is { } rate)
        {
            WriteRate(json, rate);
        }

        json.WriteEndObject();
    }

    public static void WriteRange(Utf8JsonWriter json, string name, TimeRange range)
    {
        json.WriteStartArray(name);
        json.WriteStringValue(CanonicalJson.Text(range.Start));
        json.WriteStringValue(CanonicalJson.Text(range.End));
        json.WriteEndArray();
    }

    public static string Name(LineRecognition recognition) => recognition switch
    {
        LineRecognition.Arrears => "arrears",
        LineRecognition.Once => "once",
        LineRecognition.Advance => "advance",
        LineRecognition.GrantPurchase => "grant_purchase",
    };

    private static void WriteOptional(Utf8JsonWriter json, string name, Fraction? value)
    {
        if (value is { } number)
        {
            CanonicalJson.Write(json, name, number);
        }
    }
}
