using Metering.Billing.Calculator;

namespace Metering.Billing.Subscriptions.Requests;

/// <summary><c>"quantities":{"seats":"5"}</c>.</summary>
internal static class QuantityFields
{
    /// <summary>Empty when absent.</summary>
    public static IReadOnlyDictionary<string, Fraction> Read(JsonFields fields)
    {
        Dictionary<string, Fraction> quantities = new(StringComparer.Ordinal);
        foreach ((string component, string text) in fields.TextMap("quantities") ?? [])
        {
            if (Fraction.TryParse(text, out Fraction quantity))
            {
                quantities[component] = quantity;
            }
            else
            {
                fields.Refuse($"quantities.{component}", $"must be a plain number with at most {Fraction.MaxInputPlaces} decimals");
            }
        }

        return quantities;
    }
}
