using System.Globalization;
using System.Text;
using System.Text.Json;
using Metering.Contracts;
using Metering.EventLog;

namespace Metering.Aggregator.Tests.Harness;

/// <summary>A record as a test wants it.</summary>
public sealed record Sent(RecordKind Kind, string Source, string Id, string Type, string Subject, DateTimeOffset Time, string Data, string Key = "", string Tenant = "default")
{
    public static Sent Use(string id, decimal value, string subject = "acme", string model = "a", DateTimeOffset? time = null, string type = "llm") => new(
        RecordKind.Use, "api", id, type, subject, time ?? DateTimeOffset.UtcNow,
        string.Create(CultureInfo.InvariantCulture, $$"""{"value":{{value}},"model":"{{model}}"}"""));

    public static Sent Void(string id) => new(RecordKind.Void, "api", id, "", "", default, "");

    public Sent AmendedTo(decimal value, string key = "k") => this with
    {
        Kind = RecordKind.Amend,
        Data = string.Create(CultureInfo.InvariantCulture, $$"""{"value":{{value}},"model":"{{Model}}"}"""),
        Key = key,
    };

    public decimal Value => decimal.Parse(JsonDocument.Parse(Data).RootElement.GetProperty("value").ToString(), CultureInfo.InvariantCulture);

    public string Model => JsonDocument.Parse(Data).RootElement.GetProperty("model").GetString()!;

    internal void AddTo(AppendBatch batch, int partitions)
    {
        byte[] tenant = Encoding.UTF8.GetBytes(Tenant), source = Encoding.UTF8.GetBytes(Source), id = Encoding.UTF8.GetBytes(Id);
        byte[] type = Encoding.UTF8.GetBytes(Type), subject = Encoding.UTF8.GetBytes(Subject), data = Encoding.UTF8.GetBytes(Data);
        UsageRecord record = new()
        {
            Kind = Kind, Tenant = tenant, Source = source, Id = id, Type = type, Subject = subject, TimeTicks = Kind == RecordKind.Void ? 0 : Time.UtcTicks,
            PayloadHash = Kind == RecordKind.Void ? 0 : Hash(type, subject, data), Data = data, Key = Encoding.UTF8.GetBytes(Key), Reason = Kind == RecordKind.Use ? default : "test"u8,
        };
        UsageRecordCodec.Write(record, batch);
        batch.EndRecord(EventIdentity.Of(tenant, source, id).Partition(partitions));
    }

    private static ulong Hash(byte[] type, byte[] subject, byte[] data)
    {
        Utf8JsonReader reader = new(data);
        reader.Read();
        new PayloadHasher().TryHash(ref reader, out ulong hash);
        return PayloadHasher.Combine(type, subject, hash);
    }
}
