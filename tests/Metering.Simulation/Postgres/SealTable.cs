using Metering.Aggregator.Sealing;
using Metering.Simulation.Running;

namespace Metering.Simulation.Postgres;

/// <summary>The table <c>seal</c>, and the sealer's lock, which a connection holds.</summary>
internal sealed class SealTable(PartitionTable partitions)
{
    private object? _holder;

    public SortedDictionary<long, (Seal Seal, bool IsDone)> Seals { get; } = [];

    /// <summary>Told of every seal that is begun.</summary>
    public Action<Seal>? Begun { get; set; }

    public bool TryLock(object holder) => (_holder ??= holder) == holder;

    public void Unlock(object holder) => _holder = _holder == holder ? null : _holder;

    public bool IsHeldBy(object holder) => _holder == holder;

    public (Seal Last, Seal? Pending) Last()
    {
        (Seal Seal, bool IsDone)[] newest = [.. Seals.Values.TakeLast(2)];
        Seal? pending = newest.LastOrDefault(one => !one.IsDone).Seal;
        return (newest.LastOrDefault(one => one.IsDone).Seal ?? Seal.None, pending);
    }

    public Seal? NewestBefore(DateTimeOffset sealedBefore) => Seals.Values.LastOrDefault(one => one.IsDone && one.Seal.SealedAt < sealedBefore).Seal;

    public (long[] Cut, DateTimeOffset Clock)? Progress()
    {
        PartitionTable.Row[] log = partitions.Rows[..^1];
        if (log.Any(row => row.Clock == DateTimeOffset.UnixEpoch))
        {
            return null;
        }

        DateTimeOffset clock = log.Min(row => row.Clock);
        return ([.. partitions.Rows.Select(row => row.Confirmed)], clock < partitions.Now ? clock : partitions.Now);
    }

    public bool Begin(Seal seal)
    {
        if (!Seals.TryAdd(seal.Number, (seal, false)))
        {
            return false;
        }

        Begun?.Invoke(seal);
        return true;
    }

    public bool Finish(long number)
    {
        Seals[number] = (Seals[number].Seal, true);
        return true;
    }
}

/// <summary>Seals as one process reaches them.</summary>
internal sealed class SealStorePort(World world, SealTable table, Wire wire) : ISealStore
{
    public async Task<ISealerLock?> TryLockAsync(CancellationToken cancellationToken)
    {
        Lock held = new(world, table, wire);
        try
        {
            return await wire.CallAsync("lock", held.TryTake, cancellationToken) ? held : null;
        }
        catch
        {
            held.Drop();
            throw;
        }
    }

    public Task<(Seal Last, Seal? Pending)> LastAsync(CancellationToken cancellationToken) => wire.CallAsync("last seal", table.Last, cancellationToken);

    public Task<Seal?> NewestBeforeAsync(DateTimeOffset sealedBefore, CancellationToken cancellationToken) =>
        wire.CallAsync("newest seal before", () => table.NewestBefore(sealedBefore), cancellationToken);

    public Task<(long[] Cut, DateTimeOffset Clock)?> ReadProgressAsync(int partitions, CancellationToken cancellationToken) =>
        wire.CallAsync("read progress", table.Progress, cancellationToken);

    public Task<bool> BeginAsync(Seal seal, CancellationToken cancellationToken) => wire.CallAsync($"begin seal {seal.Number}", () => table.Begin(seal), cancellationToken);

    public Task FinishAsync(long number, CancellationToken cancellationToken) => wire.CallAsync($"finish seal {number}", () => table.Finish(number), cancellationToken);

    /// <summary>A connection: the server drops it when the process dies, or sleeps for too long, and then the lock is free.</summary>
    private sealed class Lock(World world, SealTable table, Wire wire) : ISealerLock
    {
        private bool _isDropped;

        public bool TryTake()
        {
            if (!table.TryLock(this))
            {
                return false;
            }

            wire.Node.Died += Drop;
            wire.Node.Slept += () => world.After(world.Between(0, 20), null, Drop);
            if (_isDropped || wire.Node.IsDead)
            {
                Drop();
            }

            return true;
        }

        /// <summary>The server notices after a while that nobody is there any more.</summary>
        public void Drop()
        {
            _isDropped = true;
            world.After(world.Between(0, 3), null, () => table.Unlock(this));
        }

        public async Task CheckAsync(CancellationToken cancellationToken)
        {
            if (!await wire.CallAsync("check lock", () => table.IsHeldBy(this), cancellationToken))
            {
                throw new Npgsql.NpgsqlException("the connection is broken");
            }
        }

        public async ValueTask DisposeAsync()
        {
            try
            {
                await wire.CallAsync(
                    "unlock",
                    () =>
                    {
                        table.Unlock(this);
                        return true;
                    },
                    CancellationToken.None);
            }
            finally
            {
                // Without its connection the lock is gone, whether or not the server heard of it.
                Drop();
            }
        }
    }
}
