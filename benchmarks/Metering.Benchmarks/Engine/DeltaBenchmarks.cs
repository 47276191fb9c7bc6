using BenchmarkDotNet.Attributes;
using Metering.Aggregator.Engine.Flushing;
using Metering.Aggregator.Engine.Windowing;
using Metering.Contracts;

namespace Metering.Benchmarks.Engine;

/// <summary>Adding an event's value to its window, and writing the windows out.</summary>
public class DeltaBenchmarks
{
    private readonly DeltaTable _deltas = new();
    private readonly RowBuffer _rows = new();

    /// <summary>How many windows the events fall into.</summary>
    [Params(10, 1000)]
    public int Windows { get; set; }

    [Benchmark(OperationsPerInvoke = SampleEvents.Count)]
    public int AddAndWrite()
    {
        int tenant = _deltas.InternTenant("acme"u8);
        int group = _deltas.InternGroup([0]);
        for (int i = 0; i < SampleEvents.Count; i++)
        {
            int window = i % Windows;
            DeltaKey key = new(1, tenant, _deltas.InternSubject("customer-1"u8), window, group, DeltaKind.Use, 0, 0, default);
            _deltas.Add(key, Quantity.FromInt64(i), 1);
        }

        _rows.Clear();
        _deltas.WriteTo(_rows, 0, 1, 2, 3);
        return _rows.Length;
    }
}
