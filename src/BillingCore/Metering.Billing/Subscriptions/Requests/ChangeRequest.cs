using System.Text.Json;
using Metering.Billing.Calculator;

namespace Metering.Billing.Subscriptions.Requests;

/// <summary>
/// Other terms: the body of <c>POST /v1/subscriptions/{id}/change</c>. What is absent stays as it is; an empty one takes the prices that the customer has instead by
/// now.
/// </summary>
public sealed record ChangeRequest(string? PriceBook, int? Version, string? Plan, IReadOnlyDictionary<string, Fraction> Quantities, Moment At)
{
    public static ChangeRequest Read(JsonElement body, List<Problem> problems)
    {
        JsonFields fields = new(body, "", problems);
        ChangeRequest request = new(
            fields.Text("price_book"), fields.Integer("version", 1, int.MaxValue), fields.Text("plan"), QuantityFields.Read(fields), Moment.Read(fields, "at"));
        fields.Close();
        return request;
    }
}
