using System.Buffers;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Metering.Billing;

/// <summary>
/// JSON of which there is one spelling: fields in a fixed order, no blanks, amounts and quantities as strings, instants in UTC. Hashes and
/// comparisons are over its bytes.
/// </summary>
internal static class CanonicalJson
{
    private static readonly JsonWriterOptions s_options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>One object.</summary>
    /// <param name="write">Writes its fields.</param>
    public static byte[] Bytes(Action<Utf8JsonWriter> write)
    {
        ArrayBufferWriter<byte> output = new();
        using (Utf8JsonWriter json = new(output, s_options))
        {
            json.WriteStartObject();
            write(json);
            json.WriteEndObject();
        }

        return output.WrittenSpan.ToArray();
    }

    public static void WriteList<T>(Utf8JsonWriter json, string name, IEnumerable<T> items, Action<T> write)
    {
        json.WriteStartArray(name);
        foreach (T item in items)
        {
            json.WriteStartObject();
            write(item);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    public static void WriteTexts(Utf8JsonWriter json, string name, IEnumerable<string> texts)
    {
        json.WriteStartArray(name);
        foreach (string text in texts)
        {
            json.WriteStringValue(text);
        }

        json.WriteEndArray();
    }

    public static void Write(Utf8JsonWriter json, string name, Fraction value) => json.WriteString(name, value.ToString());

    public static void Write(Utf8JsonWriter json, string name, Money value) => json.WriteString(name, value.ToString());

    /// <summary>In UTC, with as many decimals of a second as it has.</summary>
    public static void Write(Utf8JsonWriter json, string name, DateTimeOffset at) => json.WriteString(name, Text(at));

    /// <inheritdoc cref="Write(Utf8JsonWriter, string, DateTimeOffset)"/>
    public static string Text(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", CultureInfo.InvariantCulture);
}
