using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Metering.Contracts;

/// <summary>
/// One record of the <c>billing.events</c> topic, as JSON: something that happened in billing. Delivered at least once and, within an aggregate, in order; a copy has
/// the same id as the first, and may come after later messages.
/// </summary>
/// <param name="Id">The same for every copy; what consumers know a copy by.</param>
/// <param name="Aggregate">What it is about: <c>subscription:sub_…</c>.</param>
/// <param name="Type">What happened: <c>subscription.canceled</c>.</param>
/// <param name="At">When it was recorded.</param>
/// <param name="Body">A JSON object; its fields depend on the type.</param>
public sealed record BillingMessage(string Tenant, string Id, string Aggregate, string Type, DateTimeOffset At, string Body)
{
    private static readonly JsonWriterOptions s_options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>All messages of an aggregate are in one partition.</summary>
    public int Partition(int partitionCount) =>
        EventIdentity.Of(Encoding.UTF8.GetBytes(Tenant), "billing"u8, Encoding.UTF8.GetBytes(Aggregate)).Partition(partitionCount);

    public void Write(IBufferWriter<byte> output)
    {
        using Utf8JsonWriter json = new(output, s_options);
        json.WriteStartObject();
        json.WriteString("tenant", Tenant);
        json.WriteString("id", Id);
        json.WriteString("aggregate", Aggregate);
        json.WriteString("type", Type);
        json.WriteString("at", At.ToUniversalTime());
        json.WritePropertyName("body");
        json.WriteRawValue(Body);
        json.WriteEndObject();
    }

    /// <exception cref="InvalidDataException">Not a record of the topic.</exception>
    public static BillingMessage Read(ReadOnlyMemory<byte> record)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(record);
            JsonElement message = document.RootElement;
            return new BillingMessage(
                message.GetProperty("tenant").GetString()!, message.GetProperty("id").GetString()!, message.GetProperty("aggregate").GetString()!, message.GetProperty("type").GetString()!,
                message.GetProperty("at").GetDateTimeOffset(), message.GetProperty("body").GetRawText());
        }
        catch (Exception problem) when (problem is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new InvalidDataException($"A record of {Topics.BillingEvents} cannot be read: {problem.Message}", problem);
        }
    }
}
