using System.Globalization;
using System.Text.Json;

namespace Metering.Billing.Catalog.Documents;

/// <param name="Path">Where; an entry of a list that has keys is named by its key: <c>plans[pro].name</c>.</param>
/// <param name="Old">JSON; null when it was not there.</param>
/// <param name="New">JSON; null when it is not there any more.</param>
public sealed record FieldChange(string Path, string? Old, string? New);

/// <summary>
/// The difference of two JSON texts, field by field. Entries that have keys are compared with the entry of the same key, so that one more at
/// the front is one change; an entry that is on one side only is one change, with all it says.
/// </summary>
internal static class JsonDiff
{
    public static List<FieldChange> Between(string old, string proposed)
    {
        using JsonDocument before = JsonDocument.Parse(old);
        using JsonDocument after = JsonDocument.Parse(proposed);
        List<FieldChange> changes = [];
        Compare("", before.RootElement, after.RootElement, changes);
        return changes;
    }

    private static void Compare(string path, JsonElement? old, JsonElement? proposed, List<FieldChange> changes)
    {
        if (old?.GetRawText() == proposed?.GetRawText())
        {
            return;
        }

        if (old?.ValueKind == JsonValueKind.Object && proposed?.ValueKind == JsonValueKind.Object)
        {
            CompareFields(path, FieldsOf(old.Value), FieldsOf(proposed.Value), changes);
        }
        else if (old is { } a && proposed is { } b && NamesOf(a) is { } before && NamesOf(b) is { } after)
        {
            CompareEntries(path, before, after, changes);
        }
        else
        {
            changes.Add(new FieldChange(path, old?.GetRawText(), proposed?.GetRawText()));
        }
    }

    private static void CompareFields(string path, Dictionary<string, JsonElement> old, Dictionary<string, JsonElement> proposed, List<FieldChange> changes)
    {
        foreach (string name in old.Keys.Union(proposed.Keys))
        {
            Compare(path.Length == 0 ? name : $"{path}.{name}", Find(old, name), Find(proposed, name), changes);
        }
    }

    private static void CompareEntries(string path, Dictionary<string, JsonElement> old, Dictionary<string, JsonElement> proposed, List<FieldChange> changes)
    {
        string[] before = [.. old.Keys.Where(proposed.ContainsKey)];
        string[] after = [.. proposed.Keys.Where(old.ContainsKey)];
        if (!before.SequenceEqual(after))
        {
            changes.Add(new FieldChange(path, JsonSerializer.Serialize(before), JsonSerializer.Serialize(after)));
        }

        foreach (string name in old.Keys.Union(proposed.Keys))
        {
            Compare($"{path}[{name}]", Find(old, name), Find(proposed, name), changes);
        }
    }

    /// <summary>The entries of a list by their names, or by their numbers when they have none. Null for anything else, lists of plain values included.</summary>
    private static Dictionary<string, JsonElement>? NamesOf(JsonElement list)
    {
        if (list.ValueKind != JsonValueKind.Array || list.EnumerateArray().Any(entry => entry.ValueKind != JsonValueKind.Object))
        {
            return null;
        }

        Dictionary<string, JsonElement> entries = new(StringComparer.Ordinal);
        foreach (JsonElement entry in list.EnumerateArray())
        {
            entries.Add(NameOf(entry) ?? entries.Count.ToString(CultureInfo.InvariantCulture), entry);
        }

        return entries;
    }

    private static string? NameOf(JsonElement entry) =>
        entry.TryGetProperty("key", out JsonElement key)
            ? key.ValueKind == JsonValueKind.String ? key.GetString() : key.GetRawText()
            : entry.TryGetProperty("property", out JsonElement property) ? property.GetString() : null;

    private static Dictionary<string, JsonElement> FieldsOf(JsonElement element) =>
        element.EnumerateObject().ToDictionary(field => field.Name, field => field.Value, StringComparer.Ordinal);

    private static JsonElement? Find(Dictionary<string, JsonElement> elements, string name) => elements.TryGetValue(name, out JsonElement found) ? found : null;
}
