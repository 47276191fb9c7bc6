using Metering.EventLog;
using Metering.Simulation.Running;

namespace Metering.Simulation.Log;

/// <summary>
/// The log's server side: records are written, then synced, and only then acknowledged and readable. A crash loses what was not synced, or
/// keeps a part of it. Offsets have gaps, and the clock that stamps records may step.
/// </summary>
internal sealed class SimulatedLog
{
    private readonly World _world;
    private readonly List<Stored>[] _durable;
    private readonly List<(int Partition, byte[] Value, long AtMs)> _unsynced = [];
    private readonly List<Action<bool, AppendResult[]>> _waiting = [];
    private readonly List<(int First, int Count)> _batches = [];
    private bool _syncs;

    public SimulatedLog(World world, int partitions)
    {
        _world = world;
        _durable = [.. Enumerable.Range(0, partitions).Select(_ => new List<Stored>())];
    }

    /// <summary>Told of every change readers can see.</summary>
    public event Action? Grown;

    /// <summary>How far the clock that stamps records is from the true time.</summary>
    public TimeSpan ClockError { get; set; }

    public int Partitions => _durable.Length;

    /// <summary>The durable records of a partition, in offset order.</summary>
    public IReadOnlyList<Stored> Durable(int partition) => _durable[partition];

    public long End(int partition) => _durable[partition] is [.., var last] ? last.Offset + 1 : 1;

    /// <param name="done">Whether they are durable, and where.</param>
    public void Append(IReadOnlyList<(int Partition, byte[] Value)> records, Action<bool, AppendResult[]> done)
    {
        long at = (_world.Now + ClockError).ToUnixTimeMilliseconds();
        _batches.Add((_unsynced.Count, records.Count));
        _unsynced.AddRange(records.Select(record => (record.Partition, record.Value, at)));
        _waiting.Add(done);
        if (!_syncs)
        {
            _syncs = true;
            _world.After(_world.Between(0.0005, 0.02), null, Sync);
        }
    }

    /// <summary>The machine loses power: some of what was written and not synced is gone, and nobody is told which.</summary>
    public void Crash()
    {
        int kept = _world.Random.Next(_unsynced.Count + 1);
        _world.Tell($"the log crashes and keeps {kept} of {_unsynced.Count} unsynced records");
        Finish(kept, isAcknowledged: false);
    }

    private void Sync()
    {
        _syncs = false;
        Finish(_unsynced.Count, isAcknowledged: true);
    }

    private void Finish(int kept, bool isAcknowledged)
    {
        AppendResult[] results = new AppendResult[_unsynced.Count];
        for (int i = 0; i < kept; i++)
        {
            (int partition, byte[] value, long at) = _unsynced[i];
            long offset = End(partition) - 1 + _world.Random.Next(1, 4);
            _durable[partition].Add(new Stored(offset, at, value));
            results[i] = new AppendResult(offset, at);
        }

        (int First, int Count)[] batches = [.. _batches];
        Action<bool, AppendResult[]>[] waiting = [.. _waiting];
        _unsynced.Clear();
        _batches.Clear();
        _waiting.Clear();
        for (int i = 0; i < batches.Length; i++)
        {
            waiting[i](isAcknowledged, results[batches[i].First..(batches[i].First + batches[i].Count)]);
        }

        if (kept > 0)
        {
            Grown?.Invoke();
        }
    }

    public sealed record Stored(long Offset, long AtMs, byte[] Value);
}
