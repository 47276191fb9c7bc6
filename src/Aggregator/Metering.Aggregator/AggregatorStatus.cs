using Metering.Aggregator.Partitions;

namespace Metering.Aggregator;

/// <summary>Whether the aggregator works, for health checks. Safe for concurrent use.</summary>
public sealed class AggregatorStatus
{
    private readonly Lock _lock = new();
    private readonly Dictionary<int, string> _stopped = [];
    private IReadOnlyCollection<int> _owned = [];

    /// <summary>Partitions this process is processing now.</summary>
    public IReadOnlyCollection<int> Owned
    {
        get
        {
            lock (_lock)
            {
                return _owned;
            }
        }
    }

    /// <summary>Partitions that wait for a person, and why.</summary>
    public IReadOnlyDictionary<int, string> Stopped
    {
        get
        {
            lock (_lock)
            {
                return new Dictionary<int, string>(_stopped);
            }
        }
    }

    /// <summary>These are being processed, so whatever stopped them before is over.</summary>
    internal void Running(IReadOnlyCollection<int> partitions)
    {
        lock (_lock)
        {
            _owned = partitions;
            foreach (int partition in partitions)
            {
                _stopped.Remove(partition);
            }
        }
    }

    internal void Released() => Running([]);

    internal void Stop(PartitionStoppedException stopped)
    {
        lock (_lock)
        {
            _stopped[stopped.Part] = stopped.Why;
        }
    }
}
