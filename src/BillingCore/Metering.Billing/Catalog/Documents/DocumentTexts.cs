using System.Text.Json;

namespace Metering.Billing.Catalog.Documents;

/// <summary>All texts in a document. What is stored was checked when it was written: whatever it names counts as there.</summary>
public static class DocumentTexts
{
    public static IEnumerable<string> Of(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => element.EnumerateObject().SelectMany(field => Of(field.Value)),
        JsonValueKind.Array => element.EnumerateArray().SelectMany(Of),
        JsonValueKind.String => [element.GetString()!],
        _ => [],
    };
}
