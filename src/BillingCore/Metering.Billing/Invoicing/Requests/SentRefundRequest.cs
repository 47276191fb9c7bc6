using System.Text.Json;
using Metering.Billing.Calculator;
using Metering.Billing.Catalog.Documents;

namespace Metering.Billing.Invoicing.Requests;

/// <summary>The body of <c>POST /v1/refunds</c>: one of a credit note and a grant is paid out.</summary>
/// <param name="SentAt">Null for now.</param>
public sealed record SentRefundRequest(string? Note, string? Grant, string Reference, Money Amount, DateTimeOffset? SentAt)
{
    /// <returns>Of use only when there are no problems.</returns>
    public static SentRefundRequest Read(JsonElement body, List<Problem> problems)
    {
        JsonFields fields = new(body, "", problems);
        Currency currency = fields.RequiredCurrency("currency");
        SentRefundRequest request = new(
            fields.Reference("credit_note"), fields.Reference("grant"), fields.RequiredReference("reference"), fields.RequiredAmount("amount", currency), fields.Minute("sent_at"));
        if (fields.Has("credit_note") == fields.Has("grant"))
        {
            fields.Refuse("credit_note", "or grant is required, and not both: what is paid out");
        }

        fields.Close();
        return request;
    }
}
