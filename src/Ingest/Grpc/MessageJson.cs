using System.Globalization;
using System.Text.Json;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Metering.V1;

namespace Metering.Ingest.Grpc;

/// <summary>A refused message as the CloudEvent it would have been, so that dead letters of both protocols read and repair alike.</summary>
internal static class MessageJson
{
    public static byte[] Of(UsageEvent message)
    {
        using MemoryStream text = new();
        using (Utf8JsonWriter json = new(text))
        {
            json.WriteStartObject();
            json.WriteString("specversion"u8, "1.0"u8);
            json.WriteString("id"u8, message.Id);
            json.WriteString("source"u8, message.Source);
            json.WriteString("type"u8, message.Type);
            json.WriteString("subject"u8, message.Subject);
            if (message.Time is not null)
            {
                json.WriteString("time"u8, TextOf(message.Time));
            }

            foreach ((string name, string value) in message.Attributes)
            {
                json.WriteString(name, value);
            }

            WriteData(json, message.DataJson);
            json.WriteEndObject();
        }

        return text.ToArray();
    }

    private static string TextOf(Timestamp time)
    {
        try
        {
            return time.ToDateTimeOffset().ToString("yyyy-MM-ddTHH:mm:ss.fffffffZ", CultureInfo.InvariantCulture);
        }
        catch (InvalidOperationException)
        {
            return string.Create(CultureInfo.InvariantCulture, $"{time.Seconds} s, {time.Nanos} ns");
        }
    }

    private static void WriteData(Utf8JsonWriter json, ByteString data)
    {
        if (data.IsEmpty)
        {
            return;
        }

        try
        {
            Utf8JsonReader reader = new(data.Span);
            while (reader.Read())
            {
            }

            json.WritePropertyName("data"u8);
            json.WriteRawValue(data.Span, skipInputValidation: true);
        }
        catch (JsonException)
        {
            json.WriteBase64String("data_base64"u8, data.Span);
        }
    }
}
