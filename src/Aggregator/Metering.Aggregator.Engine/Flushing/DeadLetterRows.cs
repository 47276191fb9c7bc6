using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Metering.Contracts;

namespace Metering.Aggregator.Engine.Flushing;

/// <summary>Rows for what is not counted. Rare, so nothing here is spared; the bytes are always kept.</summary>
internal static class DeadLetterRows
{
    public static void Undecodable(Flush flush, in Position position, string damage, ReadOnlySpan<byte> value) =>
        Write(flush, position, "undecodable_record"u8, Encoding.UTF8.GetBytes(damage), default, default, default, value);

    public static void Rejected(Flush flush, in Position position, in UsageRecord record) =>
        Write(flush, position, record.Code, record.Reason, record.Tenant, record.Source, record.Id, record.Data);

    /// <summary>A well-formed record; its bytes are the event's JSON, ready to be sent again.</summary>
    public static void Event(Flush flush, in Position position, in UsageRecord record, ReadOnlySpan<byte> code, ReadOnlySpan<byte> message) =>
        Write(flush, position, code, message, record.Tenant, record.Source, record.Id, ToJson(record));

    private static void Write(
        Flush flush, in Position position, ReadOnlySpan<byte> code, ReadOnlySpan<byte> message,
        ReadOnlySpan<byte> tenant, ReadOnlySpan<byte> source, ReadOnlySpan<byte> id, ReadOnlySpan<byte> raw)
    {
        RowBuffer rows = flush.DeadLetters;
        rows.UInt16((ushort)flush.Partition);
        rows.UInt64((ulong)position.Offset);
        rows.String(code);
        rows.String(message);
        rows.Int64(position.AtMs);
        rows.String(tenant);
        rows.String(source);
        rows.String(id);
        rows.String(raw);
        rows.EndRow();
        flush.Dead++;
    }

    private static byte[] ToJson(in UsageRecord record)
    {
        ArrayBufferWriter<byte> output = new();
        using (Utf8JsonWriter json = new(output))
        {
            json.WriteStartObject();
            json.WriteString("specversion"u8, "1.0"u8);
            json.WriteString("id"u8, record.Id);
            json.WriteString("source"u8, record.Source);
            if (record.Kind == RecordKind.Use)
            {
                WriteEvent(json, record);
            }
            else
            {
                json.WriteString("correction"u8, record.Kind == RecordKind.Void ? "void"u8 : "amend"u8);
                json.WriteString("reason"u8, record.Reason);
                json.WriteString("key"u8, record.Key);
                if (record.Kind == RecordKind.Amend)
                {
                    json.WriteStartObject("event"u8);
                    WriteEvent(json, record);
                    json.WriteEndObject();
                }
            }

            json.WriteEndObject();
        }

        return output.WrittenSpan.ToArray();
    }

    private static void WriteEvent(Utf8JsonWriter json, in UsageRecord record)
    {
        json.WriteString("type"u8, record.Type);
        json.WriteString("subject"u8, record.Subject);
        json.WriteString("time"u8, new DateTime(record.TimeTicks, DateTimeKind.Utc).ToString("O", CultureInfo.InvariantCulture));
        WriteAttributes(json, record.Attributes);
        if (!record.Data.IsEmpty)
        {
            json.WritePropertyName("data"u8);
            json.WriteRawValue(record.Data, skipInputValidation: true);
        }
    }

    private static void WriteAttributes(Utf8JsonWriter json, ReadOnlySpan<byte> attributes)
    {
        if (attributes.IsEmpty)
        {
            return;
        }

        Utf8JsonReader reader = new(attributes);
        using JsonDocument document = JsonDocument.ParseValue(ref reader);
        foreach (JsonProperty attribute in document.RootElement.EnumerateObject())
        {
            attribute.WriteTo(json);
        }
    }
}
