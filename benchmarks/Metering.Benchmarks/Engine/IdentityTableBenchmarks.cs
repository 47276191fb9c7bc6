using BenchmarkDotNet.Attributes;
using Metering.Aggregator.Engine.Deduplication;
using Metering.Contracts;

namespace Metering.Benchmarks.Engine;

/// <summary>A probe of a table that does not fit the processor's caches.</summary>
public class IdentityTableBenchmarks
{
    private const int Probes = 1000;

    private readonly IdentityTable _table = new();
    private readonly EventIdentity[] _known = new EventIdentity[Probes];
    private readonly EventIdentity[] _unknown = new EventIdentity[Probes];

    [Params(100_000, 5_000_000)]
    public int Identities { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        Random random = new(1);
        for (int i = 0; i < Identities; i++)
        {
            EventIdentity identity = Next(random);
            _table.Set(identity, new IdentityEntry(1, 1));
            if (i % (Identities / Probes) == 0)
            {
                _known[i / (Identities / Probes)] = identity;
            }
        }

        for (int i = 0; i < Probes; i++)
        {
            _unknown[i] = Next(random);
        }
    }

    [Benchmark(OperationsPerInvoke = Probes)]
    public int ProbeHit() => Probe(_known);

    [Benchmark(OperationsPerInvoke = Probes)]
    public int ProbeMiss() => Probe(_unknown);

    private int Probe(EventIdentity[] identities)
    {
        int found = 0;
        foreach (EventIdentity identity in identities)
        {
            found += _table.TryFind(identity, out _) ? 1 : 0;
        }

        return found;
    }

    private static EventIdentity Next(Random random) => new(((ulong)random.NextInt64() << 1) | (uint)random.Next(2), (ulong)random.NextInt64());
}
