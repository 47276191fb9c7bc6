using Metering.EventLog;
using Metering.Simulation.Running;

namespace Metering.Simulation.Log;

/// <summary>Reads durable records. What it lent is overwritten at the next read, so that nobody keeps it unnoticed.</summary>
internal sealed class SimulatedReader : ILogReader
{
    private readonly World _world;
    private readonly Node _node;
    private readonly SimulatedLog _log;
    private readonly LogFaults _faults;
    private readonly (int Partition, int Index)[] _next;
    private readonly List<byte[]> _lent = [];
    private TaskCompletionSource? _grown;

    public SimulatedReader(World world, Node node, SimulatedLog log, LogFaults faults, IReadOnlyList<PartitionOffset> from)
    {
        (_world, _node, _log, _faults) = (world, node, log, faults);
        _next = [.. from.Select(one => (one.Partition, log.Durable(one.Partition).TakeWhile(record => record.Offset < one.Offset).Count()))];
        log.Grown += OnGrown;
    }

    public async ValueTask<IReadOnlyList<LogRecord>> ReadAsync(int maxRecords, int maxBytes, TimeSpan maxWait, CancellationToken cancellationToken)
    {
        _world.CheckThread();
        cancellationToken.ThrowIfCancellationRequested();
        _lent.ForEach(bytes => bytes.AsSpan().Fill(0xFF));
        _lent.Clear();
        DateTimeOffset end = _world.Now + maxWait;
        while (true)
        {
            await WaitAsync(end, cancellationToken);
            if (_world.Chance(_faults.ReadError))
            {
                _world.Tell($"{_node.Name} read: error");
                throw new EventLogUnavailableException("the disk cannot be read");
            }

            List<LogRecord> records = Take(maxRecords, maxBytes);
            if (records.Count > 0 || _world.Now >= end)
            {
                return records;
            }
        }
    }

    public ValueTask DisposeAsync()
    {
        _log.Grown -= OnGrown;
        return ValueTask.CompletedTask;
    }

    /// <summary>Until there is something to read, or the end.</summary>
    private async Task WaitAsync(DateTimeOffset end, CancellationToken cancellationToken)
    {
        TaskCompletionSource grown = _grown = new TaskCompletionSource();
        bool hasMore = Array.Exists(_next, next => next.Index < _log.Durable(next.Partition).Count);
        _world.After(hasMore ? _world.Between(0.0001, 0.002) : end - _world.Now, _node, () => grown.TrySetResult());
        await using CancellationTokenRegistration cancelled = cancellationToken.UnsafeRegister(
            static (state, token) => ((TaskCompletionSource)state!).TrySetCanceled(token), grown);
        await grown.Task;
    }

    private void OnGrown()
    {
        if (_grown is { } grown)
        {
            _world.After(_world.Between(0.0001, 0.002), _node, () => grown.TrySetResult());
        }
    }

    private List<LogRecord> Take(int maxRecords, int maxBytes)
    {
        List<LogRecord> records = [];
        int bytes = 0, first = _world.Random.Next(_next.Length);
        for (int i = 0; i < _next.Length; i++)
        {
            ref (int Partition, int Index) next = ref _next[(first + i) % _next.Length];
            IReadOnlyList<SimulatedLog.Stored> stored = _log.Durable(next.Partition);
            int most = _world.Random.Next(1, 40);
            while (next.Index < stored.Count && records.Count < maxRecords && most-- > 0 && (records.Count == 0 || bytes + stored[next.Index].Value.Length <= maxBytes))
            {
                SimulatedLog.Stored record = stored[next.Index++];
                byte[] lent = [.. record.Value];
                _lent.Add(lent);
                bytes += lent.Length;
                records.Add(new LogRecord(next.Partition, record.Offset, record.AtMs, lent));
            }
        }

        return records;
    }
}
