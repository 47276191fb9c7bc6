using System.Text.Json;
using Metering.Billing.Calculator;
using Metering.Billing.Catalog.Documents;
using Metering.Billing.Credits;

namespace Metering.Billing.Invoicing.Requests;

/// <summary>The body of <c>POST /v1/grants</c>.</summary>
/// <param name="ValidFrom">Null for now.</param>
public sealed record GrantRequest(
    string Customer, GrantKind Kind, Money Amount, string Reference, IReadOnlyList<string>? Components, int Priority, DateTimeOffset? ValidFrom, DateTimeOffset? ExpiresAt)
{
    private const int MaxPriority = 1_000_000;

    /// <param name="now">An expiry is after it.</param>
    /// <returns>Of use only when there are no problems.</returns>
    public static GrantRequest Read(JsonElement body, DateTimeOffset now, List<Problem> problems)
    {
        JsonFields fields = new(body, "", problems);
        Currency currency = fields.RequiredCurrency("currency");
        if (!fields.Has("kind"))
        {
            fields.Refuse("kind", "is required: promotional or paid");
        }

        GrantRequest request = new(
            fields.RequiredReference("customer"),
            fields.Choice("kind", GrantKind.Promotional, ("promotional", GrantKind.Promotional), ("paid", GrantKind.Paid)),
            fields.RequiredAmount("amount", currency),
            fields.RequiredReference("reference"),
            fields.Texts("components"),
            fields.Integer("priority", 0, MaxPriority) ?? 0,
            fields.Minute("valid_from"),
            fields.Minute("expires_at"));
        if (request.ExpiresAt <= (request.ValidFrom ?? now))
        {
            fields.Refuse("expires_at", "must be after it begins to be valid");
        }

        if (request.Components is { Count: 0 })
        {
            fields.Refuse("components", "has none; leave it out for all");
        }

        fields.Close();
        return request;
    }
}

/// <summary>The body of <c>POST /v1/grants/{id}/refunds</c>.</summary>
/// <param name="Amount">Null for all that is left.</param>
public sealed record RefundRequest(Money? Amount)
{
    /// <returns>Of use only when there are no problems.</returns>
    public static RefundRequest Read(JsonElement body, Currency currency, List<Problem> problems)
    {
        JsonFields fields = new(body, "", problems);
        RefundRequest request = new(fields.Amount("amount", currency));
        fields.Close();
        return request;
    }
}
