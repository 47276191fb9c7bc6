using System.Text.Json;

namespace Metering.Billing.Calculator;

/// <summary>
/// The fields of one JSON object, read strictly: a field that is missing, of another type, unknown or given twice becomes a
/// <see cref="Problem"/> with its path, and reading goes on, so that a case hears of all its problems at once. Null is the same as absent.
/// What a method returns beside a problem is a stand-in; nothing may be computed once there are problems.
/// </summary>
internal sealed class JsonFields
{
    private readonly JsonElement _object;
    private readonly string _path;
    private readonly List<Problem> _problems;
    private readonly HashSet<string> _known = new(StringComparer.Ordinal);

    public JsonFields(JsonElement element, string path, List<Problem> problems)
    {
        (_object, _path, _problems) = (element, path, problems);
        if (element.ValueKind != JsonValueKind.Object)
        {
            problems.Add(new Problem(path, "must be an object"));
        }
    }

    public void Refuse(string name, string reason) => _problems.Add(new Problem(PathOf(name), reason));

    public string PathOf(string name) => _path.Length == 0 ? name : $"{_path}.{name}";

    public bool Has(string name) => Find(name) is not null;

    public string? Text(string name) => Find(name) is { } value ? TextOf(value, PathOf(name)) : null;

    public string RequiredText(string name) => (Required(name) is { } value ? TextOf(value, PathOf(name)) : null) ?? "";

    /// <summary>The text when the field is one; otherwise null, and whoever reads the field says what is wrong with it.</summary>
    public string? Peek(string name) => Find(name) is { ValueKind: JsonValueKind.String } value ? TextOf(value, PathOf(name)) : null;

    /// <summary>A number in a string: plain, at most 12 decimals.</summary>
    public Fraction? Number(string name) => Find(name) is { } value ? NumberOf(value, PathOf(name)) : null;

    /// <inheritdoc cref="Number"/>
    public Fraction RequiredNumber(string name) => Required(name) is { } value ? NumberOf(value, PathOf(name)) : Fraction.Zero;

    /// <summary>A number in a string, or two of them as <c>n/d</c>.</summary>
    public Fraction? Share(string name)
    {
        if (Find(name) is not { } value || value.ValueKind != JsonValueKind.String)
        {
            return Number(name);
        }

        Fraction share = default;
        if (TextOf(value, PathOf(name)) is { } text && !Fraction.TryParseShare(text, out share))
        {
            Refuse(name, "is neither a plain number nor n/d");
        }

        return share;
    }

    /// <summary>A JSON integer.</summary>
    public int? Integer(string name, int least, int most)
    {
        if (Find(name) is not { } value)
        {
            return null;
        }

        if (value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int number) && number >= least && number <= most)
        {
            return number;
        }

        Refuse(name, $"must be a JSON integer from {least} to {most}");
        return least;
    }

    public bool? Flag(string name)
    {
        if (Find(name) is not { } value)
        {
            return null;
        }

        if (value.ValueKind is not (JsonValueKind.True or JsonValueKind.False))
        {
            Refuse(name, "must be true or false");
        }

        return value.ValueKind == JsonValueKind.True;
    }

    /// <summary>The value of one of the names.</summary>
    public T Choice<T>(string name, T absent, params ReadOnlySpan<(string Name, T Value)> choices)
    {
        if (Text(name) is not { } text)
        {
            return absent;
        }

        foreach ((string choice, T value) in choices)
        {
            if (choice == text)
            {
                return value;
            }
        }

        List<string> names = [];
        foreach ((string choice, _) in choices)
        {
            names.Add(choice);
        }

        Refuse(name, $"must be one of {string.Join(", ", names)}");
        return absent;
    }

    public JsonFields? Object(string name) => Find(name) is { } value ? new JsonFields(value, PathOf(name), _problems) : null;

    /// <summary>Null when absent.</summary>
    public List<JsonFields>? Objects(string name) => Items(name)?.ConvertAll(item => new JsonFields(item.Value, item.Path, _problems));

    /// <inheritdoc cref="Objects"/>
    public List<string>? Texts(string name) => Items(name)?.ConvertAll(item => TextOf(item.Value, item.Path) ?? "");

    /// <summary>An object whose values are strings; null when absent.</summary>
    public SortedDictionary<string, string>? TextMap(string name)
    {
        if (Object(name) is not { } fields)
        {
            return null;
        }

        SortedDictionary<string, string> map = new(StringComparer.Ordinal);
        foreach (JsonProperty property in fields.Properties())
        {
            string key = NameOf(property, fields._path);
            map[key] = TextOf(property.Value, fields.PathOf(key)) ?? "";
            fields._known.Add(key);
        }

        fields.Close();
        return map;
    }

    /// <summary>To be called when all fields have been read: refuses those nobody asked for, and those given twice.</summary>
    public void Close()
    {
        HashSet<string> seen = new(StringComparer.Ordinal);
        foreach (JsonProperty property in Properties())
        {
            string name = NameOf(property, _path);
            if (!_known.Contains(name))
            {
                Refuse(name, "is not a field here");
            }
            else if (!seen.Add(name))
            {
                Refuse(name, "is given twice");
            }
        }
    }

    private JsonElement.ObjectEnumerator Properties() => _object.ValueKind == JsonValueKind.Object ? _object.EnumerateObject() : default;

    private List<(JsonElement Value, string Path)>? Items(string name)
    {
        if (Find(name) is not { } value)
        {
            return null;
        }

        if (value.ValueKind != JsonValueKind.Array)
        {
            Refuse(name, "must be a list");
            return [];
        }

        return [.. value.EnumerateArray().Select((item, index) => (item, $"{PathOf(name)}[{index}]"))];
    }

    private JsonElement? Find(string name)
    {
        _known.Add(name);
        return _object.ValueKind == JsonValueKind.Object && _object.TryGetProperty(name, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : null;
    }

    private JsonElement? Required(string name)
    {
        JsonElement? value = Find(name);
        if (value is null)
        {
            Refuse(name, "is required");
        }

        return value;
    }

    private Fraction NumberOf(JsonElement value, string path)
    {
        if (value.ValueKind == JsonValueKind.Number)
        {
            _problems.Add(new Problem(path, "must be a string, so that no reader turns it into a binary number"));
            return Fraction.Zero;
        }

        Fraction number = default;
        if (TextOf(value, path) is { } text && !Fraction.TryParse(text, out number))
        {
            _problems.Add(new Problem(path, $"must be a plain number with at most {Fraction.MaxInputPlaces} decimals"));
        }

        return number;
    }

    /// <summary>Null after a problem.</summary>
    private string? TextOf(JsonElement value, string path)
    {
        if (value.ValueKind != JsonValueKind.String)
        {
            _problems.Add(new Problem(path, "must be a string"));
            return null;
        }

        try
        {
            return value.GetString();
        }
        catch (InvalidOperationException)
        {
            _problems.Add(new Problem(path, "is not valid Unicode"));
            return null;
        }
    }

    private string NameOf(JsonProperty property, string path)
    {
        try
        {
            return property.Name;
        }
        catch (InvalidOperationException)
        {
            _problems.Add(new Problem(path, "has a field whose name is not valid Unicode"));
            return "";
        }
    }
}
