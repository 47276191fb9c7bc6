using System.Text.Json;
using Metering.Billing.Calculator;
using Metering.Billing.Catalog.Documents;
using Metering.Billing.Tax;

namespace Metering.Billing.Customers;

/// <summary>A customer as it is put: the body of <c>PUT /v1/customers/{key}</c>. What is absent has its default.</summary>
public sealed record CustomerRequest(
    string? Name, Currency? Currency, string Zone, int PaymentTermDays, int GraceDays, TaxStatus TaxStatus, bool AppliesCredit, string Metadata)
{
    private const int DefaultTermDays = 30;
    private const int DefaultGraceDays = 7;
    private const int MaxDays = 365;

    public static CustomerRequest Read(JsonElement body, List<Problem> problems)
    {
        JsonFields fields = new(body, "", problems);
        CustomerRequest request = new(
            fields.Name("name"),
            ReadCurrency(fields),
            fields.Text("zone") ?? "UTC",
            fields.Integer("payment_term_days", 0, MaxDays) ?? DefaultTermDays,
            fields.Integer("grace_days", 0, MaxDays) ?? DefaultGraceDays,
            fields.Choice("tax_status", TaxStatus.Taxable, ("taxable", TaxStatus.Taxable), ("exempt", TaxStatus.Exempt), ("reverse_charge", TaxStatus.ReverseCharge)),
            fields.Flag("applies_credit") ?? true,
            MetadataFields.Read(fields));
        fields.Close();
        return request;
    }

    private static Currency? ReadCurrency(JsonFields fields)
    {
        string? code = fields.Text("currency");
        Currency? currency = code is null ? null : Currency.Find(code);
        if (code is not null && currency is null)
        {
            fields.Refuse("currency", $"'{code}' is not a currency of ISO 4217");
        }

        return currency;
    }
}
