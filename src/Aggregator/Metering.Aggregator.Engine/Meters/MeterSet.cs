using System.IO.Hashing;
using System.Text;

namespace Metering.Aggregator.Engine.Meters;

/// <summary>The revisions active for one flush of one partition, by (tenant, event type). Immutable; look-ups allocate nothing.</summary>
public sealed class MeterSet
{
    private readonly Dictionary<byte[], TypeMeters> _types = new(Utf8KeyComparer.Instance);
    private readonly Dictionary<byte[], TypeMeters>.AlternateLookup<ReadOnlySpan<byte>> _lookup;

    public MeterSet(IEnumerable<MeterRevision> revisions)
    {
        foreach (IGrouping<(string Tenant, string EventType), MeterRevision> type in revisions
            .OrderBy(revision => revision.Number).GroupBy(revision => (revision.Tenant, revision.Definition.EventType)))
        {
            _types.Add(Key(type.Key.Tenant, type.Key.EventType), new TypeMeters(type));
        }

        _lookup = _types.GetAlternateLookup<ReadOnlySpan<byte>>();
    }

    public static MeterSet Empty { get; } = new([]);

    /// <summary>What is wrong with an event for the first meter that cannot use it; null when all can. For listings, not for the data plane.</summary>
    public string? FindProblem(string tenant, string type, ReadOnlySpan<byte> data, long timeTicks)
    {
        TypeMeters? meters = Find(Encoding.UTF8.GetBytes(tenant), Encoding.UTF8.GetBytes(type));
        if (meters is null)
        {
            return null;
        }

        JsonSlot[] slots = new JsonSlot[meters.Paths.Count];
        meters.Paths.Extract(data, slots);
        byte[] scratch = new byte[data.Length];
        foreach (CompiledMeter meter in meters.Meters)
        {
            ReadingStatus status = meter.TryRead(data, slots, timeTicks, default, scratch, out _);
            if (ReadingProblem.Describe(status, meter.ValuePath) is { } problem)
            {
                return problem;
            }
        }

        return null;
    }

    internal TypeMeters? Find(ReadOnlySpan<byte> tenant, ReadOnlySpan<byte> type)
    {
        int length = tenant.Length + type.Length + 1;
        Span<byte> key = length <= 1024 ? stackalloc byte[length] : new byte[length];
        tenant.CopyTo(key);
        key[tenant.Length] = 0;
        type.CopyTo(key[(tenant.Length + 1)..]);
        return _lookup.TryGetValue(key, out TypeMeters? meters) ? meters : null;
    }

    private static byte[] Key(string tenant, string type) => [.. Encoding.UTF8.GetBytes(tenant), 0, .. Encoding.UTF8.GetBytes(type)];
}

/// <summary>All meters over one event type, sharing one pass over the event's data.</summary>
public sealed class TypeMeters
{
    internal TypeMeters(IEnumerable<MeterRevision> revisions)
    {
        Meters = [.. revisions.Select(revision => new CompiledMeter(revision, Paths))];
    }

    internal JsonPathSet Paths { get; } = new();

    internal CompiledMeter[] Meters { get; }
}

internal sealed class Utf8KeyComparer : IEqualityComparer<byte[]>, IAlternateEqualityComparer<ReadOnlySpan<byte>, byte[]>
{
    public static readonly Utf8KeyComparer Instance = new();

    public bool Equals(byte[]? left, byte[]? right) => left.AsSpan().SequenceEqual(right);

    public int GetHashCode(byte[] key) => GetHashCode((ReadOnlySpan<byte>)key);

    public bool Equals(ReadOnlySpan<byte> alternate, byte[] other) => alternate.SequenceEqual(other);

    public int GetHashCode(ReadOnlySpan<byte> alternate) => (int)XxHash3.HashToUInt64(alternate);

    public byte[] Create(ReadOnlySpan<byte> alternate) => alternate.ToArray();
}
