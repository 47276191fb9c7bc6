using System.Text.Json;
using Metering.Host.Settings;

namespace Metering.Host.Pricing;

/// <summary>JSON from a file, standard input or the command line.</summary>
internal static class JsonInput
{
    /// <param name="path">A file, or - for standard input.</param>
    /// <exception cref="SettingsException">No such file, or no JSON object.</exception>
    public static JsonElement ReadFile(string path)
    {
        if (path == "-")
        {
            return Parse("standard input", Console.In.ReadToEnd());
        }

        return File.Exists(path) ? Parse(path, File.ReadAllText(path)) : throw new SettingsException($"{path}: there is no such file.");
    }

    /// <param name="name">Where the text comes from, for the message.</param>
    /// <exception cref="SettingsException">No JSON object.</exception>
    public static JsonElement Parse(string name, string text)
    {
        JsonElement value = ParseAny(name, text);
        return value.ValueKind == JsonValueKind.Object ? value : throw new SettingsException($"{name}: expected a JSON object.");
    }

    /// <summary>Any value: an object, a list.</summary>
    /// <exception cref="SettingsException">No JSON.</exception>
    public static JsonElement ParseAny(string name, string text)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(text);
            return document.RootElement.Clone();
        }
        catch (JsonException malformed)
        {
            throw new SettingsException($"{name}: not valid JSON: {malformed.Message}");
        }
    }
}
