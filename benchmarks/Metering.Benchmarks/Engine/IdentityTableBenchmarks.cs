using BenchmarkDotNet.Attributes;
using Metering.Aggregator.Engine.Deduplication;
using Metering.Contracts;

namespace Metering.Benchmarks.Engine;

/// <summary>
/// Probes in random order over up to a million identities: with five million in the table, most of them miss the processor's caches.
/// </summary>
public class IdentityTableBenchmarks
{
    private const int Probes = 1000;

    private readonly IdentityTable _table = new();
    private EventIdentity[] _known = [];
    private EventIdentity[] _unknown = [];
    private int _next;

    [Params(100_000, 5_000_000)]
    public int Identities { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        Random random = new(1);
        _known = new EventIdentity[Math.Min(Identities, 1_000_000)];
        _unknown = new EventIdentity[_known.Length];
        for (int i = 0; i < Identities; i++)
        {
            EventIdentity identity = Next(random);
            _table.Set(identity, new IdentityEntry(1, 1));
            _known[i % _known.Length] = identity;
            _unknown[i % _known.Length] = Next(random);
        }
    }

    [Benchmark(OperationsPerInvoke = Probes)]
    public int ProbeHit() => Probe(_known);

    [Benchmark(OperationsPerInvoke = Probes)]
    public int ProbeMiss() => Probe(_unknown);

    private int Probe(EventIdentity[] identities)
    {
        _next = (_next + Probes) % identities.Length;
        int found = 0;
        foreach (ref readonly EventIdentity identity in identities.AsSpan(_next, Probes))
        {
            found += _table.TryFind(identity, out _) ? 1 : 0;
        }

        return found;
    }

    private static EventIdentity Next(Random random) => new(((ulong)random.NextInt64() << 1) | (uint)random.Next(2), (ulong)random.NextInt64());
}
