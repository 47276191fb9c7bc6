using System.Text.Json;
using Metering.Ingest.Parsing;
using Metering.Ingest.Validation;
using Microsoft.AspNetCore.Http;

namespace Metering.Ingest.Http;

/// <summary>
/// A CloudEvent in binary mode: the attributes are headers (<c>ce-id</c>, <c>ce-source</c> …) and the body is <c>data</c>. Written as the
/// structured form and parsed as such, so that both follow the same rules.
/// </summary>
internal static class BinaryModeEvent
{
    private const string Prefix = "ce-";

    private static readonly Problem s_data = new(Codes.MalformedJson, "the body (data) is not well-formed JSON");
    private static readonly Problem s_overloaded = BodyReader.Overloaded;

    public static bool Is(HttpRequest request) =>
        request.Headers.ContainsKey("ce-id") && ContentTypes.MediaTypeOf(request.ContentType ?? "application/json") == "application/json";

    /// <param name="headers">Hold the attributes.</param>
    /// <param name="data">The body; empty when the event has no data.</param>
    /// <param name="into">Gets the structured form.</param>
    public static Problem Write(IHeaderDictionary headers, ReadOnlyMemory<byte> data, BodyBuffer into)
    {
        using MemoryStream text = new();
        try
        {
            using Utf8JsonWriter json = new(text);
            WriteEvent(json, headers, data);
        }
        catch (JsonException)
        {
            return s_data;
        }

        if (!into.TryMakeRoom((int)text.Length))
        {
            return s_overloaded;
        }

        text.GetBuffer().AsSpan(0, (int)text.Length).CopyTo(into.Free.Span);
        into.Advance((int)text.Length);
        return Problem.None;
    }

    private static void WriteEvent(Utf8JsonWriter json, IHeaderDictionary headers, ReadOnlyMemory<byte> data)
    {
        json.WriteStartObject();
        foreach ((string name, Microsoft.Extensions.Primitives.StringValues value) in headers)
        {
            if (name.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase))
            {
                json.WriteString(name[Prefix.Length..].ToLowerInvariant(), Uri.UnescapeDataString(value.ToString()));
            }
        }

        if (!data.IsEmpty)
        {
            json.WritePropertyName("data"u8);
            json.WriteRawValue(data.Span);
        }

        json.WriteEndObject();
    }
}
