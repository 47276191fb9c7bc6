using System.Text;
using System.Text.Json;
using BenchmarkDotNet.Attributes;
using Metering.Ingest;
using Metering.Ingest.Parsing;
using Metering.Ingest.Publishing;
using Metering.Ingest.Validation;

namespace Metering.Benchmarks.Ingest;

/// <summary>A request body of 1,000 events: parsed, validated and encoded for the log; beside a bare walk over the same tokens.</summary>
public class ParseBenchmarks
{
    private readonly byte[] _body = Body();
    private readonly IngestBatch _batch = new(new EventRules(new IngestOptions()));
    private readonly BatchContext _context = new("acme"u8.ToArray(), SampleEvents.Start.Ticks, 4, EventForm.Native);

    [Benchmark(OperationsPerInvoke = SampleEvents.Count)]
    public int ParseValidateEncode()
    {
        _batch.Reset();
        _batch.ParseEvents(_body, BodyShape.Array, _context);
        return _batch.Accepted;
    }

    [Benchmark(Baseline = true, OperationsPerInvoke = SampleEvents.Count)]
    public int WalkTokens()
    {
        Utf8JsonReader reader = new(_body);
        int tokens = 0;
        while (reader.Read())
        {
            tokens++;
        }

        return tokens;
    }

    private static byte[] Body()
    {
        IEnumerable<string> events = Enumerable.Range(0, SampleEvents.Count).Select(i =>
            $$"""{"id":"{{Encoding.UTF8.GetString(SampleEvents.Id(0, i))}}","source":"api-gateway","type":"llm.call","subject":"customer-{{i % 50}}","time":"2026-03-01T12:00:00.1234567Z","data":{{Encoding.UTF8.GetString(SampleEvents.Data(i))}}}""");
        return Encoding.UTF8.GetBytes($"[{string.Join(',', events)}]");
    }
}
