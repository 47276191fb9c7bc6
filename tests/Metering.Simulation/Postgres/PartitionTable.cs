using Metering.Aggregator.Partitions;
using Metering.Simulation.Running;

namespace Metering.Simulation.Postgres;

/// <summary>The tables <c>partition_state</c> and <c>aggregator</c>, and what the statements do to them. Mechanisms that a control switches off are virtual.</summary>
internal class PartitionTable(World world, int partitions)
{
    private readonly SortedDictionary<string, DateTimeOffset> _alive = new(StringComparer.Ordinal);
    private string? _topic;

    public RowLocks Locks { get; } = new();

    public Row[] Rows { get; } = [.. Enumerable.Range(0, partitions + 1).Select(part => new Row(part) { Clock = DateTimeOffset.UnixEpoch })];

    /// <summary>How far PostgreSQL's clock is from the true time.</summary>
    public TimeSpan ClockError { get; set; }

    public DateTimeOffset Now => world.Now + ClockError;

    public int HousePart => partitions;

    public bool Initialize(string topicId)
    {
        _topic ??= topicId;
        return _topic == topicId;
    }

    public Balance Announce(string owner, TimeSpan lease, IReadOnlyCollection<int> held)
    {
        _alive[owner] = Now + lease;
        string[] live = [.. _alive.Where(one => one.Value >= Now).Select(one => one.Key)];
        Row[] running = [.. Rows.Where(row => row.Stopped is null)];
        int place = Array.IndexOf(live, owner) + 1;
        int share = (running.Length / live.Length) + (place <= running.Length % live.Length ? 1 : 0);
        return new Balance(share, running.Count(row => !held.Contains(row.Part) && IsFree(row, owner)));
    }

    public void Leave(string owner) => _alive.Remove(owner);

    public IReadOnlyList<PartitionState> Acquire(string owner, TimeSpan lease, IReadOnlyCollection<int> held, int atMost)
    {
        Row[] taken = [.. Rows.Where(row => row.Stopped is null && !held.Contains(row.Part) && IsFree(row, owner)).Take(atMost)];
        foreach (Row row in taken)
        {
            (row.Epoch, row.Owner, row.LeaseUntil) = (row.Epoch + 1, owner, Now + lease);
            world.Tell($"{owner} takes partition {row.Part} in epoch {row.Epoch}");
        }

        return [.. taken.Select(row => new PartitionState(row.Part, row.Epoch, row.Confirmed, row.PendingLo, row.PendingHi, row.FlushNo, row.Clock))];
    }

    public IReadOnlySet<int> Renew(TimeSpan lease, IReadOnlyCollection<(int Part, long Epoch)> held)
    {
        Row[] kept = [.. held.Where(one => IsOwn(Rows[one.Part], one.Epoch) && Rows[one.Part].Stopped is null).Select(one => Rows[one.Part])];
        Array.ForEach(kept, row => row.LeaseUntil = Now + lease);
        return kept.Select(row => row.Part).ToHashSet();
    }

    public void Release(IReadOnlyCollection<(int Part, long Epoch)> held)
    {
        foreach (Row row in held.Where(one => Rows[one.Part].Epoch == one.Epoch).Select(one => Rows[one.Part]))
        {
            (row.Owner, row.LeaseUntil) = (null, null);
        }
    }

    public virtual bool Begin(FlushStep step, TimeSpan lease)
    {
        Row row = Rows[step.Part];
        bool may = IsOwn(row, step.Epoch) && row.Stopped is null && row.Confirmed < step.Lo
            && (row.PendingLo is null || (row.PendingLo == step.Lo && row.PendingHi == step.Hi));
        if (may)
        {
            (row.PendingLo, row.PendingHi, row.LeaseUntil) = (step.Lo, step.Hi, Now + lease);
        }

        return may;
    }

    public virtual bool Confirm(FlushStep step, TimeSpan lease)
    {
        Row row = Rows[step.Part];
        bool again = row.PendingLo is null && row.Confirmed == step.Hi && row.FlushNo == step.FlushNo;
        bool may = IsOwn(row, step.Epoch) && (again || (row.PendingLo == step.Lo && row.PendingHi == step.Hi));
        if (may)
        {
            Confirm(row, step, lease);
        }

        return may;
    }

    public bool Stop(int part, long epoch, string why)
    {
        Row row = Rows[part];
        if (!IsOwn(row, epoch))
        {
            return false;
        }

        (row.Stopped, row.Epoch) = (why, row.Epoch + 1);
        world.Tell($"partition {part} is stopped: {why}");
        return true;
    }

    /// <summary>The fence: whether a write's epoch is the row's.</summary>
    public virtual bool IsOwn(Row row, long epoch) => row.Epoch == epoch;

    protected void Confirm(Row row, FlushStep step, TimeSpan lease)
    {
        if (row.FlushNo != step.FlushNo)
        {
            row.Clock = step.Clock > row.Clock ? step.Clock : row.Clock;
            row.Records += step.Records;
        }

        (row.Confirmed, row.FlushNo, row.PendingLo, row.PendingHi, row.LeaseUntil) = (step.Hi, step.FlushNo, null, null, Now + lease);
    }

    private bool IsFree(Row row, string owner) => row.LeaseUntil is null || row.LeaseUntil < Now || row.Owner == owner;

    internal sealed class Row(int part)
    {
        public int Part => part;

        public long Epoch { get; set; }

        public string? Owner { get; set; }

        public DateTimeOffset? LeaseUntil { get; set; }

        public long Confirmed { get; set; }

        public long? PendingLo { get; set; }

        public long? PendingHi { get; set; }

        public DateTimeOffset Clock { get; set; }

        public long FlushNo { get; set; }

        public long Records { get; set; }

        public string? Stopped { get; set; }
    }
}
