using System.Text.Json;
using Metering.Billing.Calculator;
using Metering.Billing.Catalog.Documents;

namespace Metering.Billing.Runs;

/// <summary>The body of <c>POST /v1/subscriptions/{id}/discounts</c>.</summary>
/// <param name="Discount">Key in the catalogue.</param>
/// <param name="From">A whole minute: the billing period that holds it is the first.</param>
public sealed record DiscountGift(string Discount, DateTimeOffset From)
{
    public static DiscountGift Read(JsonElement body, DateTimeOffset now, List<Problem> problems)
    {
        JsonFields fields = new(body, "", problems);
        DiscountGift gift = new(fields.Key("discount"), fields.Minute("from") ?? now);
        fields.Close();
        return gift;
    }
}
