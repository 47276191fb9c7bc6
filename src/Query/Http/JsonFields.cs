using System.Text.Json;

namespace Metering.Query.Http;

/// <summary>The properties of a JSON object, each read with a message that names it. Absent and null are told apart only by <see cref="Has"/>.</summary>
internal readonly struct JsonFields
{
    private readonly JsonElement _object;

    private JsonFields(JsonElement element) => _object = element;

    /// <exception cref="RefusedException">Not an object.</exception>
    public static JsonFields Of(JsonElement element, string what) =>
        element.ValueKind == JsonValueKind.Object ? new JsonFields(element) : throw RefusedException.BadRequest($"{what} must be a JSON object.");

    /// <summary>The object as it was sent.</summary>
    public override string ToString() => _object.GetRawText();

    public IEnumerable<JsonProperty> All => _object.EnumerateObject();

    public bool Has(string name) => _object.TryGetProperty(name, out _);

    /// <summary>Null when absent or null.</summary>
    public JsonElement? Find(string name) =>
        _object.TryGetProperty(name, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : null;

    public string? Text(string name, int maxLength)
    {
        if (Find(name) is not { } value)
        {
            return null;
        }

        string text = TextOf(value, name);
        return text.Length <= maxLength ? text : throw RefusedException.BadRequest($"{name} is longer than {maxLength} characters.");
    }

    public string RequiredText(string name, int maxLength) =>
        Text(name, maxLength) is { Length: > 0 } text ? text : throw RefusedException.BadRequest($"{name} is required.");

    /// <summary>Empty when absent. A single string is a list of one.</summary>
    public IReadOnlyList<string> Texts(string name, int maxCount) => Find(name) is { } value ? TextsOf(value, name, maxCount) : [];

    /// <summary>Null when absent: an object whose values are all strings.</summary>
    public SortedDictionary<string, string>? TextMap(string name)
    {
        if (Find(name) is not { } value)
        {
            return null;
        }

        SortedDictionary<string, string> map = new(StringComparer.Ordinal);
        foreach (JsonProperty entry in Of(value, name).All)
        {
            map[entry.Name] = TextOf(entry.Value, $"{name}.{entry.Name}");
        }

        return map;
    }

    public static IReadOnlyList<string> TextsOf(JsonElement value, string name, int maxCount)
    {
        IEnumerable<JsonElement> items = value.ValueKind == JsonValueKind.Array ? value.EnumerateArray() : [value];
        List<string> texts = [.. items.Select(item => TextOf(item, name))];
        return texts.Count <= maxCount ? texts : throw RefusedException.BadRequest($"{name} has {texts.Count} entries; at most {maxCount} are allowed.");
    }

    /// <exception cref="RefusedException">No string, half a surrogate pair, or a NUL, which PostgreSQL cannot keep.</exception>
    public static string TextOf(JsonElement value, string name)
    {
        if (value.ValueKind != JsonValueKind.String)
        {
            throw RefusedException.BadRequest($"{name} must be a string.");
        }

        try
        {
            string text = value.GetString()!;
            return text.Contains('\0', StringComparison.Ordinal) ? throw RefusedException.BadRequest($"{name} contains a NUL character.") : text;
        }
        catch (InvalidOperationException)
        {
            throw RefusedException.BadRequest($"{name} is not valid Unicode.");
        }
    }
}
