using System.Buffers;
using System.Text;
using System.Text.Json;
using Metering.Contracts;

namespace Metering.Aggregator.Engine.Tests.Harness;

/// <summary>A record of the log as a test writes it down. Defaults make a plain usage event of tenant acme.</summary>
public sealed record TestRecord
{
    public static readonly DateTime Noon = new(2026, 3, 1, 12, 0, 0, DateTimeKind.Utc);

    public RecordKind Kind { get; init; } = RecordKind.Use;

    public string Tenant { get; init; } = "acme";

    public string Source { get; init; } = "api";

    public string Id { get; init; } = "e1";

    public string Type { get; init; } = "llm";

    public string Subject { get; init; } = "c1";

    public DateTime Time { get; init; } = Noon;

    public string Data { get; init; } = """{"v":1}""";

    public string Attributes { get; init; } = "";

    public string Key { get; init; } = "";

    public string Reason { get; init; } = "";

    public string Code { get; init; } = "";

    /// <summary>Ingest would have refused the data.</summary>
    public bool IsUnchecked { get; init; }

    public static TestRecord Tick { get; } = new() { Kind = RecordKind.Tick, Tenant = "", Source = "", Id = "" };

    public static TestRecord Use(string id, string value, DateTime? time = null) =>
        new() { Id = id, Data = $$"""{"v":{{value}}}""", Time = time ?? Noon };

    public TestRecord Void(string key = "k") => this with { Kind = RecordKind.Void, Type = "", Subject = "", Data = "", Key = key };

    public TestRecord Amend(string value, string key = "k") => this with { Kind = RecordKind.Amend, Data = $$"""{"v":{{value}}}""", Key = key };

    public EventIdentity Identity => EventIdentity.Of(Utf8(Tenant), Utf8(Source), Utf8(Id));

    public byte[] ToBytes()
    {
        ArrayBufferWriter<byte> output = new();
        bool hasEvent = Kind is RecordKind.Use or RecordKind.Amend;
        UsageRecordCodec.Write(
            new UsageRecord
            {
                Kind = Kind,
                Tenant = Utf8(Tenant),
                Source = Utf8(Source),
                Id = Utf8(Id),
                Type = Utf8(Type),
                Subject = Utf8(Subject),
                TimeTicks = hasEvent ? Time.Ticks : 0,
                PayloadHash = hasEvent ? HashPayload() : 0,
                Data = Utf8(Data),
                Attributes = Utf8(Attributes),
                Key = Utf8(Key),
                Reason = Utf8(Reason),
                Code = Utf8(Code),
            },
            output);
        return output.WrittenSpan.ToArray();
    }

    public static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);

    private ulong HashPayload()
    {
        ulong data = PayloadHasher.NoData;
        if (Data.Length > 0 && !IsUnchecked)
        {
            Utf8JsonReader reader = new(Utf8(Data));
            reader.Read();
            if (new PayloadHasher().TryHash(ref reader, out data) != PayloadProblem.None)
            {
                throw new ArgumentException($"ingest would refuse {Data}");
            }
        }

        return PayloadHasher.Combine(Utf8(Type), Utf8(Subject), data);
    }
}

/// <summary>A record at its place in the log.</summary>
internal sealed record Logged(long Offset, long AtMs, byte[] Value);
