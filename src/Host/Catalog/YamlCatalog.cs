using System.Text.Json;
using Metering.Host.Client;
using Metering.Host.Settings;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Metering.Host.Catalog;

/// <summary>
/// A catalogue in YAML as the JSON that the server reads, and where in the file each field is. A number stays the text it was written as, so
/// that 0.10 arrives as "0.10" and never passes through a binary number; what is an integer or a flag in JSON is known by the field's name.
/// </summary>
internal sealed class YamlCatalog
{
    /// <summary>Aliases can make a small file very large.</summary>
    private const int MaxNodes = 1_000_000;

    /// <summary>What the server reads. An alias that contains itself ends here too.</summary>
    private const int MaxDepth = 32;

    private static readonly HashSet<string> s_integers = ["count", "periods", "precision", "free_events"];
    private static readonly HashSet<string> s_flags = ["trial", "inclusive", "flat_at_zero", "fractional_seats"];

    private readonly string _file;
    private readonly Dictionary<string, Mark> _places = new(StringComparer.Ordinal);
    private int _nodes;

    private YamlCatalog(string file) => _file = file;

    public string Json { get; private set; } = "";

    /// <param name="file">Its name, for messages.</param>
    /// <exception cref="SettingsException">No YAML, or YAML that is no JSON; the message says where.</exception>
    public static YamlCatalog Read(string file, string text)
    {
        YamlCatalog catalog = new(file);
        YamlNode root = catalog.Parse(text);
        catalog._places[""] = root.Start;
        catalog.Json = JsonText.Write(json => catalog.Write(json, root, "", "", isText: false, depth: 1));
        return catalog;
    }

    /// <summary><c>catalog.yaml:12:7</c>, of the field or, when it is missing, of what it is missing from.</summary>
    public string Locate(string path)
    {
        Mark place;
        while (!_places.TryGetValue(path, out place))
        {
            path = path[..Math.Max(path.LastIndexOfAny(['.', '[']), 0)];
        }

        return At(place);
    }

    /// <summary>How the value of a field looks when it is no text: an integer, true, false or null.</summary>
    internal static bool IsNull(string text) => text is "" or "~" or "null" or "Null" or "NULL";

    private YamlNode Parse(string text)
    {
        try
        {
            YamlStream stream = new();
            stream.Load(new StringReader(text));
            return stream.Documents switch
            {
                [var document] => document.RootNode,
                [] => throw new SettingsException($"{_file}: there is nothing in it."),
                [_, var second, ..] => throw Refusal(second.RootNode, "a second document begins here; a catalogue is one"),
            };
        }
        catch (YamlException malformed)
        {
            throw new SettingsException($"{At(malformed.Start)}: {malformed.InnerException?.Message ?? malformed.Message}");
        }
    }

    private void Write(Utf8JsonWriter json, YamlNode node, string path, string field, bool isText, int depth)
    {
        if (++_nodes > MaxNodes || depth > MaxDepth)
        {
            throw Refusal(node, _nodes > MaxNodes ? $"there are more than {MaxNodes} values here and before" : $"is nested deeper than {MaxDepth} levels");
        }

        switch (node)
        {
            case YamlMappingNode mapping:
                WriteObject(json, mapping, path, isText || field == "key", depth);
                break;
            case YamlSequenceNode sequence:
                WriteList(json, sequence, path, depth);
                break;
            case YamlScalarNode scalar:
                WriteValue(json, scalar, isText ? "" : field);
                break;
        }
    }

    /// <param name="isText">The names are somebody's, those of a matrix's dimensions: they say nothing about their values.</param>
    private void WriteObject(Utf8JsonWriter json, YamlMappingNode mapping, string path, bool isText, int depth)
    {
        json.WriteStartObject();
        foreach ((YamlNode key, YamlNode value) in mapping.Children)
        {
            string name = (key as YamlScalarNode)?.Value ?? throw Refusal(key, "the name of a field must be a plain text");
            string below = path.Length == 0 ? name : $"{path}.{name}";
            _places[below] = key.Start;
            json.WritePropertyName(name);
            Write(json, value, below, name, isText, depth + 1);
        }

        json.WriteEndObject();
    }

    private void WriteList(Utf8JsonWriter json, YamlSequenceNode sequence, string path, int depth)
    {
        json.WriteStartArray();
        for (int i = 0; i < sequence.Children.Count; i++)
        {
            string below = $"{path}[{i}]";
            _places[below] = sequence.Children[i].Start;
            Write(json, sequence.Children[i], below, "", isText: false, depth + 1);
        }

        json.WriteEndArray();
    }

    /// <summary>What is quoted is text.</summary>
    private void WriteValue(Utf8JsonWriter json, YamlScalarNode scalar, string field)
    {
        if (!scalar.Tag.IsEmpty && !scalar.Tag.IsNonSpecific)
        {
            throw Refusal(scalar, $"the tag {scalar.Tag} means nothing here; quote what is text");
        }

        string text = scalar.Value ?? "";
        bool isPlain = scalar.Style == ScalarStyle.Plain;
        if (isPlain && IsNull(text))
        {
            json.WriteNullValue();
        }
        else if (isPlain && s_flags.Contains(field) && text is "true" or "false")
        {
            json.WriteBooleanValue(text == "true");
        }
        else if (isPlain && s_integers.Contains(field) && IsInteger(text))
        {
            json.WriteRawValue(text);
        }
        else
        {
            json.WriteStringValue(text);
        }
    }

    /// <summary>As JSON writes them.</summary>
    private static bool IsInteger(string text)
    {
        string digits = text.StartsWith('-') ? text[1..] : text;
        return digits.Length > 0 && !digits.AsSpan().ContainsAnyExceptInRange('0', '9') && (digits == "0" || digits[0] != '0');
    }

    private SettingsException Refusal(YamlNode node, string reason) => new($"{At(node.Start)}: {reason}.");

    private string At(Mark place) => string.Create(null, $"{_file}:{place.Line}:{place.Column}");
}
