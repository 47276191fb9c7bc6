using BenchmarkDotNet.Attributes;
using Metering.Aggregator.Engine.Corrections;
using Metering.Aggregator.Engine.Deduplication;
using Metering.Aggregator.Engine.Flushing;
using Metering.Aggregator.Engine.Meters;
using Metering.Contracts;

namespace Metering.Benchmarks.Engine;

/// <summary>From the bytes of the log to the rows of one flush, all on one core.</summary>
public class PartitionEngineBenchmarks
{
    /// <summary>Each invocation takes events that were never seen; when all were, the identities are forgotten.</summary>
    private const int Rounds = 64;

    private readonly byte[][][] _rounds = [.. Enumerable.Range(0, Rounds).Select(SampleEvents.Records)];
    private readonly Dictionary<EventIdentity, TargetHistory> _histories = [];
    private readonly HashSet<EventIdentity> _needs = [];
    private PartitionEngine _engine = null!;
    private MeterSet _meters = MeterSet.Empty;
    private long _offset;
    private int _round;

    [Params(0, 1, 3)]
    public int Meters { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _meters = SampleEvents.Meters(Meters);
        Forget();
    }

    [Benchmark(OperationsPerInvoke = SampleEvents.Count)]
    public long Process()
    {
        if (_round == Rounds)
        {
            Forget();
        }

        return Run(_rounds[_round++]);
    }

    [Benchmark(OperationsPerInvoke = SampleEvents.Count)]
    public long ProcessDuplicates() => Run(_rounds[0]);

    private long Run(byte[][] records)
    {
        _engine.Begin(_offset + 1, _meters, _histories);
        foreach (byte[] record in records)
        {
            _engine.CollectNeeds(record, SampleEvents.AppendTimeMs, _needs);
            _engine.Process(++_offset, SampleEvents.AppendTimeMs, record);
        }

        using Flush flush = _engine.End();
        return flush.Accepted;
    }

    private void Forget()
    {
        _engine?.Dispose();
        _engine = new PartitionEngine(0, 0, 1, TimeSpan.FromDays(35), new Deduplicator());
        _round = 0;
        _offset = 0;
        Run(_rounds[0]);
        _round = 1;
    }
}
