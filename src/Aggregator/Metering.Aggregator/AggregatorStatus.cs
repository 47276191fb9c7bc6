using Metering.Aggregator.Partitions;

namespace Metering.Aggregator;

/// <summary>Whether the aggregator works, for health checks. Safe for concurrent use.</summary>
public sealed class AggregatorStatus
{
    private readonly Lock _lock = new();
    private readonly Dictionary<int, string> _stopped = [];
    private int _owned;

    /// <summary>Partitions this process is processing now.</summary>
    public int Owned
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

    internal void Running(int partitions)
    {
        lock (_lock)
        {
            _owned = partitions;
        }
    }

    internal void Released() => Running(0);

    internal void Stop(PartitionStoppedException stopped)
    {
        lock (_lock)
        {
            _stopped[stopped.Part] = stopped.Why;
        }
    }
}
