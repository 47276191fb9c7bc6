using System.Security.Cryptography;
using System.Text.Json;
using Metering.Billing.Catalog;
using Metering.Billing.Rating;
using Metering.Billing.Tax;

namespace Metering.Billing.Invoicing;

/// <summary>An invoice's bytes: lines, explanation and tax. Recomputing the invoice from its stored inputs gives the same ones.</summary>
public static class InvoiceJson
{
    public static byte[] Bytes(Invoice invoice) => CanonicalJson.Bytes(json =>
    {
        json.WriteString("rules_version", RulesVersion.Current);
        json.WriteString("currency", invoice.Currency.Code);
        json.WriteString("tax_status", InputsJson.Name(invoice.TaxStatus));
        CanonicalJson.WriteList(json, "lines", invoice.Lines, line => WriteLine(json, line));
        CanonicalJson.WriteList(json, "taxes", invoice.Taxes, tax => WriteTax(json, tax));
        CanonicalJson.WriteList(json, "promotions", invoice.Promotions, use =>
        {
            json.WriteString("grant", use.Grant);
            CanonicalJson.Write(json, "amount", use.Amount);
        });
        CanonicalJson.Write(json, "subtotal", invoice.Subtotal);
        CanonicalJson.Write(json, "discount", invoice.Discount);
        CanonicalJson.Write(json, "promotional", invoice.Promotional);
        CanonicalJson.Write(json, "tax", invoice.Tax);
        CanonicalJson.Write(json, "total", invoice.Total);
    });

    /// <summary>SHA-256 of the canonical JSON of everything the invoice depends on, the version of the rules included.</summary>
    public static byte[] HashOf(InvoiceInputs inputs) => SHA256.HashData(InputsJson.Bytes(inputs));

    private static void WriteLine(Utf8JsonWriter json, InvoiceLine line)
    {
        json.WriteString("kind", Name(line.Kind));
        json.WriteString("key", line.Key);
        json.WriteString("component", line.Component);
        CatalogJson.WriteKey(json, "cell", line.Cell ?? CellKey.None);
        InputsJson.WriteRange(json, "period", line.Period);
        json.WriteString("recognition", InputsJson.Name(line.Recognition));
        CanonicalJson.Write(json, "from", line.Service.Start);
        CanonicalJson.Write(json, "to", line.Service.End);
        if (line.HasNoUsage)
        {
            json.WriteString("note", "no usage");
        }

        WriteText(json, "priced_by", line.PricedBy);
        WriteText(json, "corrects", line.Corrects);
        WriteText(json, "arithmetic", line.Arithmetic);
        WriteText(json, "grant", line.Grant);

        CanonicalJson.Write(json, "amount", line.Amount);
        CanonicalJson.WriteList(json, "details", line.Details, detail =>
        {
            json.WriteString("kind", RatedLines.Name(detail.Kind));
            CanonicalJson.Write(json, "amount", detail.Amount);
            CanonicalJson.Write(json, "exact", detail.Exact);
        });
        CanonicalJson.Write(json, "discount", line.Discount);
        CanonicalJson.Write(json, "promotional", line.Promotional);
        CanonicalJson.Write(json, "net", line.Net);
        if (line.TaxRate is { } rate)
        {
            json.WriteString("tax_code", rate.Code);
            CanonicalJson.Write(json, "tax", line.Tax);
        }

        if (line.Explanation is { } explanation)
        {
            ExplanationJson.Write(json, explanation);
        }
    }

    private static void WriteTax(Utf8JsonWriter json, TaxTotal total)
    {
        InputsJson.WriteRate(json, total.Rate);
        CanonicalJson.Write(json, "base", total.Base);
        CanonicalJson.Write(json, "tax", total.Tax);
    }

    private static void WriteText(Utf8JsonWriter json, string name, string? text)
    {
        if (!string.IsNullOrEmpty(text))
        {
            json.WriteString(name, text);
        }
    }

    private static string Name(InvoiceLineKind kind) => kind switch
    {
        InvoiceLineKind.Usage => "usage",
        InvoiceLineKind.Component => "component",
        InvoiceLineKind.Amount => "amount",
        InvoiceLineKind.Commitment => "commitment",
        InvoiceLineKind.GrantPurchase => "grant_purchase",
    };
}
