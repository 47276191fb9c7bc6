using System.Buffers;
using System.Text.Json;
using BenchmarkDotNet.Attributes;
using Metering.Contracts;

namespace Metering.Benchmarks.Contracts;

/// <summary>What every event costs at both ends of the log.</summary>
public class RecordBenchmarks
{
    private readonly ArrayBufferWriter<byte> _output = new(1 << 20);
    private readonly PayloadHasher _hasher = new();
    private readonly byte[][] _records = SampleEvents.Records(0);
    private readonly byte[][] _data = [.. Enumerable.Range(0, SampleEvents.Count).Select(SampleEvents.Data)];
    private readonly byte[][] _ids = [.. Enumerable.Range(0, SampleEvents.Count).Select(i => SampleEvents.Id(0, i))];
    private readonly byte[][] _numbers = [.. Enumerable.Range(0, SampleEvents.Count).Select(i => System.Text.Encoding.UTF8.GetBytes($"{i * 37 % 4000}.25"))];

    [Benchmark(OperationsPerInvoke = SampleEvents.Count)]
    public int RecordWrite()
    {
        _output.ResetWrittenCount();
        for (int i = 0; i < SampleEvents.Count; i++)
        {
            UsageRecordCodec.Write(
                new UsageRecord { Tenant = "acme"u8, Source = "api-gateway"u8, Id = _ids[i], Type = "llm.call"u8, Subject = "customer-1"u8, TimeTicks = i + 1, PayloadHash = 7, Data = _data[i] },
                _output);
        }

        return _output.WrittenCount;
    }

    [Benchmark(OperationsPerInvoke = SampleEvents.Count)]
    public long RecordRead()
    {
        long sum = 0;
        foreach (byte[] bytes in _records)
        {
            UsageRecordCodec.TryRead(bytes, out UsageRecord record, out _);
            sum += record.TimeTicks + record.Data.Length;
        }

        return sum;
    }

    [Benchmark(OperationsPerInvoke = SampleEvents.Count)]
    public ulong PayloadHash()
    {
        ulong sum = 0;
        foreach (byte[] data in _data)
        {
            Utf8JsonReader reader = new(data);
            reader.Read();
            _hasher.TryHash(ref reader, out ulong hash);
            sum += PayloadHasher.Combine("llm.call"u8, "customer-1"u8, hash);
        }

        return sum;
    }

    [Benchmark(OperationsPerInvoke = SampleEvents.Count)]
    public EventIdentity IdentityHash()
    {
        EventIdentity sum = default;
        foreach (byte[] id in _ids)
        {
            sum ^= EventIdentity.Of("acme"u8, "api-gateway"u8, id);
        }

        return sum;
    }

    [Benchmark(OperationsPerInvoke = SampleEvents.Count)]
    public Quantity QuantityRead()
    {
        Quantity sum = default;
        foreach (byte[] number in _numbers)
        {
            QuantityText.TryParse(number, out Quantity value);
            sum += value;
        }

        return sum;
    }
}
