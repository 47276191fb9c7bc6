using System.Text.Json;
using Metering.Billing.Calculator;
using Metering.Billing.Catalog.Documents;

namespace Metering.Billing.Invoicing.Requests;

/// <summary>The body of <c>POST /v1/invoices/{id}/payments</c>.</summary>
/// <param name="ReceivedAt">Null for now.</param>
public sealed record PaymentRequest(string Reference, Money Amount, PaymentMethod Method, DateTimeOffset? ReceivedAt)
{
    /// <param name="currency">Of the invoice; the body may repeat it.</param>
    /// <returns>Of use only when there are no problems.</returns>
    public static PaymentRequest Read(JsonElement body, Currency currency, List<Problem> problems)
    {
        JsonFields fields = new(body, "", problems);
        PaymentRequest request = new(
            fields.RequiredReference("reference"),
            fields.RequiredAmount("amount", currency),
            fields.Choice("method", PaymentMethod.Bank, ("bank", PaymentMethod.Bank), ("clearing", PaymentMethod.Clearing)),
            fields.Minute("received_at"));
        if (fields.Text("currency") is { } said && said != currency.Code)
        {
            fields.Refuse("currency", $"the invoice is in {currency}");
        }

        fields.Close();
        return request;
    }
}
