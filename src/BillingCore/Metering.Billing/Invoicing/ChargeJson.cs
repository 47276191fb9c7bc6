using System.Text.Json;

namespace Metering.Billing.Invoicing;

/// <summary>A charge by itself in canonical JSON, to be kept until an invoice bills it.</summary>
public static class ChargeJson
{
    public static byte[] Bytes(Charge charge) => CanonicalJson.Bytes(json => InputsJson.WriteCharge(json, charge));

    public static Charge Read(string json, Currency currency)
    {
        using JsonDocument document = JsonDocument.Parse(json);
        return InputsReader.ReadCharge(document.RootElement, currency);
    }
}
