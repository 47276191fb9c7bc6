using System.Buffers;
using System.Globalization;
using System.Text.Json;

namespace Metering.Host.Demo;

/// <summary>One usage event of the demo.</summary>
/// <param name="TokenType"><c>input</c> or <c>output</c>; null for the request itself, which then has a latency.</param>
internal readonly record struct DemoEvent(string Id, string Source, string Customer, string Model, string? TokenType, long Tokens, decimal LatencyMs, long Ticks)
{
    public byte[] ToJson()
    {
        ArrayBufferWriter<byte> buffer = new(256);
        using (Utf8JsonWriter json = new(buffer))
        {
            Write(json);
        }

        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>An amendment of this event: from now on it has this content.</summary>
    public byte[] ToAmendment(string reason)
    {
        ArrayBufferWriter<byte> buffer = new(256);
        using (Utf8JsonWriter json = new(buffer))
        {
            json.WriteStartObject();
            json.WriteString("source"u8, Source);
            json.WriteString("id"u8, Id);
            json.WriteString("reason"u8, reason);
            json.WritePropertyName("event"u8);
            Write(json);
            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    public byte[] ToVoid(string reason)
    {
        ArrayBufferWriter<byte> buffer = new(256);
        using (Utf8JsonWriter json = new(buffer))
        {
            json.WriteStartObject();
            json.WriteString("source"u8, Source);
            json.WriteString("id"u8, Id);
            json.WriteString("reason"u8, reason);
            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    private void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("specversion"u8, "1.0"u8);
        json.WriteString("id"u8, Id);
        json.WriteString("source"u8, Source);
        json.WriteString("type"u8, TokenType is null ? DemoWorld.RequestType : DemoWorld.TokensType);
        json.WriteString("subject"u8, Customer);
        json.WriteString("time"u8, new DateTime(Ticks, DateTimeKind.Utc).ToString("yyyy-MM-dd'T'HH:mm:ss.fffffff'Z'", CultureInfo.InvariantCulture));
        json.WriteStartObject("data"u8);
        json.WriteString("model"u8, Model);
        if (TokenType is null)
        {
            json.WriteNumber("latency_ms"u8, LatencyMs);
        }
        else
        {
            json.WriteString("type"u8, TokenType);
            json.WriteNumber("tokens"u8, Tokens);
        }

        json.WriteEndObject();
        json.WriteEndObject();
    }
}
