using System.Text;
using Metering.Billing.Calculator;

namespace Metering.Billing.Customers;

/// <summary><c>"metadata":{"crm":"42"}</c>: texts of the caller's own, kept and given back.</summary>
internal static class MetadataFields
{
    private const int MaxEntries = 50;
    private const int MaxLength = 500;

    /// <returns>A JSON object; empty when absent.</returns>
    public static string Read(JsonFields fields)
    {
        SortedDictionary<string, string> metadata = fields.TextMap("metadata") ?? [];
        if (metadata.Count > MaxEntries || metadata.Any(one => one.Key.Length > MaxLength || one.Value.Length > MaxLength || (one.Key + one.Value).Contains('\0', StringComparison.Ordinal)))
        {
            fields.Refuse("metadata", $"must be at most {MaxEntries} texts of {MaxLength} characters without NUL");
        }

        return Encoding.UTF8.GetString(CanonicalJson.Bytes(json =>
        {
            foreach ((string name, string value) in metadata)
            {
                json.WriteString(name, value);
            }
        }));
    }
}
