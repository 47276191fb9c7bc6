using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Metering.Aggregator.Engine.Meters;
using Metering.Contracts;

namespace Metering.Benchmarks;

/// <summary>The same LLM calls in every benchmark: 1,000 events of 50 customers over ten minutes, about 150 bytes of data each.</summary>
internal static class SampleEvents
{
    public const int Count = 1000;

    public static readonly DateTime Start = new(2026, 3, 1, 12, 0, 0, DateTimeKind.Utc);

    public static readonly long AppendTimeMs = new DateTimeOffset(Start.AddMinutes(10)).ToUnixTimeMilliseconds();

    public static byte[] Data(int i) => Encoding.UTF8.GetBytes(string.Create(
        CultureInfo.InvariantCulture,
        $$"""{"model":"model-{{i % 4}}","region":"eu-central-1","tokens":{{1 + (i * 37 % 4000)}},"latency_ms":{{i % 900}}.25,"request_id":"req-{{i:x8}}","tags":["a","b"],"cached":false}"""));

    public static byte[] Id(int round, int i) => Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"01J9{round:x8}-{i:x8}-4c7e-9d7b"));

    /// <summary>Encoded records; those of another round are other events.</summary>
    public static byte[][] Records(int round)
    {
        byte[][] records = new byte[Count][];
        ArrayBufferWriter<byte> output = new();
        for (int i = 0; i < Count; i++)
        {
            output.ResetWrittenCount();
            byte[] data = Data(i);
            byte[] subject = Encoding.UTF8.GetBytes($"customer-{i % 50}");
            UsageRecordCodec.Write(
                new UsageRecord
                {
                    Kind = RecordKind.Use,
                    Tenant = "acme"u8,
                    Source = "api-gateway"u8,
                    Id = Id(round, i),
                    Type = "llm.call"u8,
                    Subject = subject,
                    TimeTicks = Start.AddMilliseconds(i * 600).Ticks,
                    PayloadHash = Hash(data, subject),
                    Data = data,
                },
                output);
            records[i] = output.WrittenSpan.ToArray();
        }

        return records;
    }

    public static MeterSet Meters(int count) => new(new[]
    {
        Meter(1, Aggregation.Sum, "$.tokens"),
        Meter(2, Aggregation.Count, null, ("model", "$.model")),
        Meter(3, Aggregation.Max, "$.latency_ms", ("model", "$.model"), ("region", "$.region")),
    }.Take(count));

    private static MeterRevision Meter(int number, Aggregation aggregation, string? value, params (string Name, string Path)[] groups) =>
        new(number, "acme", new MeterDefinition(aggregation, "llm.call", null, value, new SortedDictionary<string, string>(groups.ToDictionary(one => one.Name, one => one.Path), StringComparer.Ordinal)));

    private static ulong Hash(byte[] data, byte[] subject)
    {
        Utf8JsonReader reader = new(data);
        reader.Read();
        new PayloadHasher().TryHash(ref reader, out ulong hash);
        return PayloadHasher.Combine("llm.call"u8, subject, hash);
    }
}
