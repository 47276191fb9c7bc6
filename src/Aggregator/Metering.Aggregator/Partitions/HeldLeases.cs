namespace Metering.Aggregator.Partitions;

/// <summary>The leases this process holds. Safe for concurrent use: the service changes them while a loop renews them.</summary>
internal sealed class HeldLeases
{
    private readonly Lock _lock = new();
    private readonly Dictionary<int, long> _epochs = [];

    public IReadOnlyList<(int Part, long Epoch)> All
    {
        get
        {
            lock (_lock)
            {
                return [.. _epochs.Select(one => (one.Key, one.Value))];
            }
        }
    }

    public void Add(int part, long epoch)
    {
        lock (_lock)
        {
            _epochs[part] = epoch;
        }
    }

    public void Remove(int part)
    {
        lock (_lock)
        {
            _epochs.Remove(part);
        }
    }

    public bool Contains(int part)
    {
        lock (_lock)
        {
            return _epochs.ContainsKey(part);
        }
    }
}
