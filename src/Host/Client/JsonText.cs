using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Metering.Host.Client;

/// <summary>JSON for people and from people.</summary>
internal static class JsonText
{
    private static readonly JsonWriterOptions s_indented = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static string Indented(JsonElement element)
    {
        ArrayBufferWriter<byte> buffer = new();
        using (Utf8JsonWriter json = new(buffer, s_indented))
        {
            element.WriteTo(json);
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    public static string Write(Action<Utf8JsonWriter> write)
    {
        ArrayBufferWriter<byte> buffer = new();
        using (Utf8JsonWriter json = new(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            write(json);
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    /// <summary>Some members as text, in their order.</summary>
    public static string[] Members(JsonElement element, params ReadOnlySpan<string> names)
    {
        string[] texts = new string[names.Length];
        for (int i = 0; i < names.Length; i++)
        {
            texts[i] = Member(element, names[i]);
        }

        return texts;
    }

    /// <summary>The member as text: strings without quotes, everything else as JSON has it, null and absent as nothing.</summary>
    public static string Member(JsonElement element, string name) => element.TryGetProperty(name, out JsonElement value)
        ? value.ValueKind switch
        {
            JsonValueKind.Null => "",
            JsonValueKind.String => value.GetString()!,
            _ => value.GetRawText(),
        }
        : "";
}
