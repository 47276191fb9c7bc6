using BenchmarkDotNet.Attributes;
using Metering.Aggregator.Engine.Meters;

namespace Metering.Benchmarks.Engine;

/// <summary>One pass over an event's data for the paths of all its meters.</summary>
public class ExtractionBenchmarks
{
    private readonly byte[][] _data = [.. Enumerable.Range(0, SampleEvents.Count).Select(SampleEvents.Data)];
    private readonly JsonSlot[] _slots = new JsonSlot[4];
    private JsonPathSet _paths = new();

    [Params(1, 4)]
    public int Paths { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _paths = new JsonPathSet();
        foreach (string path in new[] { "$.tokens", "$.model", "$.region", "$.tags[1]" }.Take(Paths))
        {
            _paths.Add(JsonPath.Parse(path));
        }
    }

    [Benchmark(OperationsPerInvoke = SampleEvents.Count)]
    public int Extract()
    {
        int sum = 0;
        foreach (byte[] data in _data)
        {
            _paths.Extract(data, _slots);
            sum += _slots[0].Length;
        }

        return sum;
    }
}
