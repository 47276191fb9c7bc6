using System.Text.Json;

namespace Metering.Billing.Invoicing;

/// <summary>An input that an invoice stores otherwise than the history gives it.</summary>
/// <param name="Input">Its path, such as <c>charges[base#1f2e… of 2026-01-01T00:00:00Z].amount</c>.</param>
/// <param name="Stored">As JSON; null when the invoice has none.</param>
/// <param name="Derived">As JSON; null when the history gives none.</param>
public sealed record InputDifference(string Input, string? Stored, string? Derived);

/// <summary>Compares inputs field by field. Charges and commitments are the same ones by key and period, whatever their order.</summary>
public static class InputDifferences
{
    /// <summary>Empty when both have the same bytes.</summary>
    public static IReadOnlyList<InputDifference> Of(InvoiceInputs stored, InvoiceInputs derived)
    {
        byte[] before = InputsJson.Bytes(stored);
        byte[] after = InputsJson.Bytes(derived);
        if (before.AsSpan().SequenceEqual(after))
        {
            return [];
        }

        List<InputDifference> differences = [];
        Compare("", Fields(JsonElement.Parse(before)), Fields(JsonElement.Parse(after)), differences);
        return differences.Count > 0 ? differences : [new InputDifference("order", null, null)];
    }

    private static void Compare(string path, Dictionary<string, JsonElement> stored, Dictionary<string, JsonElement> derived, List<InputDifference> differences)
    {
        foreach (string name in stored.Keys.Union(derived.Keys))
        {
            (bool inStored, bool inDerived) = (stored.TryGetValue(name, out JsonElement one), derived.TryGetValue(name, out JsonElement other));
            string inner = path.Length == 0 || name[0] == '[' ? path + name : $"{path}.{name}";
            if (inStored && inDerived && IsContainer(one) && one.ValueKind == other.ValueKind)
            {
                Compare(inner, Fields(one), Fields(other), differences);
            }
            else if (!inStored || !inDerived || one.GetRawText() != other.GetRawText())
            {
                differences.Add(new InputDifference(inner, inStored ? one.GetRawText() : null, inDerived ? other.GetRawText() : null));
            }
        }
    }

    private static bool IsContainer(JsonElement json) => json.ValueKind is JsonValueKind.Object or JsonValueKind.Array;

    private static Dictionary<string, JsonElement> Fields(JsonElement json)
    {
        Dictionary<string, JsonElement> fields = new(StringComparer.Ordinal);
        if (json.ValueKind == JsonValueKind.Object)
        {
            foreach (JsonProperty field in json.EnumerateObject())
            {
                fields[field.Name] = field.Value;
            }

            return fields;
        }

        foreach (JsonElement item in json.EnumerateArray())
        {
            string name = NameOf(item) ?? $"{fields.Count}";
            int same = fields.Keys.Count(key => key == $"[{name}]" || key.StartsWith($"[{name} #", StringComparison.Ordinal));
            fields.Add(same == 0 ? $"[{name}]" : $"[{name} #{same + 1}]", item);
        }

        return fields;
    }

    /// <summary>Null for what has no key of its own: it goes by its place.</summary>
    private static string? NameOf(JsonElement item) =>
        item.ValueKind == JsonValueKind.Object && item.TryGetProperty("key", out JsonElement key) && key.ValueKind == JsonValueKind.String && item.TryGetProperty("period", out JsonElement period)
            ? $"{key.GetString()} of {period[0].GetString()}"
            : null;
}
