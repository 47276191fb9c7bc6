using Metering.Aggregator.Engine.Meters;
using Metering.Aggregator.House;
using Metering.Aggregator.Meters;
using Metering.Simulation.Running;

namespace Metering.Simulation.Postgres;

/// <summary>The tables <c>meter_rev</c>, <c>meter_range</c> and <c>house_job</c>.</summary>
internal sealed class MeterTables(PartitionTable partitions, SealTable seals)
{
    private readonly SortedDictionary<(int Revision, int Part), (long From, long? Until)> _ranges = [];

    public RowLocks Locks => partitions.Locks;

    public List<CatalogEntry> Revisions { get; } = [];

    public List<HouseJob> Jobs { get; } = [];

    /// <summary>A meter, or another definition of one, as the API makes it.</summary>
    public void Define(string meterId, MeterDefinition definition) =>
        Revisions.Add(new CatalogEntry(new MeterRevision(Revisions.Count + 1, "default", definition), meterId, meterId, RevisionState.Backfilling, null));

    public bool Register(int part, long epoch)
    {
        PartitionTable.Row row = partitions.Rows[part];
        if (!partitions.IsOwn(row, epoch) || row.PendingLo is not null || row.Stopped is not null)
        {
            return false;
        }

        foreach (CatalogEntry entry in Revisions)
        {
            (int, int) key = (entry.Revision.Number, part);
            bool isRetired = entry.State == RevisionState.Retired, exists = _ranges.TryGetValue(key, out (long From, long? Until) range);
            if (!isRetired && !exists)
            {
                _ranges.Add(key, (row.Confirmed + 1, null));
            }
            else if (isRetired && exists && range.Until is null)
            {
                _ranges[key] = (range.From, row.Confirmed + 1);
            }
        }

        return true;
    }

    public MeterSet Active(int part, long lo) => new(Revisions
        .Where(entry => _ranges.TryGetValue((entry.Revision.Number, part), out (long From, long? Until) range) && range.From <= lo && (range.Until is null || range.Until > lo))
        .Select(entry => entry.Revision));

    /// <summary>The first offset of a partition that a revision counts as it arrives.</summary>
    public long StartOf(int revision, int part) => _ranges[(revision, part)].From;

    public HouseJob? NextJob(long after) => Jobs.Find(job => job.Seq > after);

    public IReadOnlyList<(int Revision, long[] Starts)> Unplanned(int count) =>
    [
        .. Revisions
            .Where(entry => entry is { State: RevisionState.Backfilling, LastJob: null })
            .Select(entry => (entry.Revision.Number, Starts: _ranges.Where(range => range.Key.Revision == entry.Revision.Number && range.Key.Part < count).Select(range => range.Value.From).ToArray()))
            .Where(one => one.Starts.Length == count),
    ];

    public bool Plan(int revision, IReadOnlyCollection<string> args, int housePart, long epoch)
    {
        if (!partitions.IsOwn(partitions.Rows[housePart], epoch))
        {
            return false;
        }

        if (Revisions[revision - 1].LastJob is null)
        {
            Jobs.AddRange(args.Select((one, index) => new HouseJob(Jobs.Count + index + 1, "backfill", one, partitions.Now)).ToArray());
            Revisions[revision - 1] = Revisions[revision - 1] with { LastJob = args.Count == 0 ? 0 : Jobs.Count };
        }

        return true;
    }

    public IReadOnlyList<int> MarkReady(int housePart)
    {
        long cut = seals.Last().Last.Cut.ElementAtOrDefault(housePart);
        CatalogEntry[] ready = [.. Revisions.Where(entry => entry.State == RevisionState.Backfilling && entry.LastJob <= cut)];
        foreach (CatalogEntry entry in ready)
        {
            Set(entry, RevisionState.Ready);
            foreach (CatalogEntry earlier in Revisions.Where(other => other.MeterId == entry.MeterId && other.Revision.Number < entry.Revision.Number).ToArray())
            {
                Set(earlier, RevisionState.Retired);
            }
        }

        return [.. ready.Select(entry => entry.Revision.Number)];
    }

    private void Set(CatalogEntry entry, RevisionState state) => Revisions[entry.Revision.Number - 1] = entry with { State = state };
}

/// <summary>Meters and house jobs as one process reaches them.</summary>
internal sealed class MeterPort(MeterTables tables, Wire wire) : IMeterRanges, IMeterRevisions, IMeterDirectory, IHouseJobStore
{
    public Task<bool> RegisterAsync(int part, long epoch, CancellationToken cancellationToken) => wire.CallAsync("register meters", () => tables.Register(part, epoch), cancellationToken, rows: tables.Locks);

    public Task<MeterSet> ActiveAsync(int part, long lo, CancellationToken cancellationToken) => wire.CallAsync("active meters", () => tables.Active(part, lo), cancellationToken);

    public Task<IReadOnlyList<CatalogEntry>> ReadAsync(CancellationToken cancellationToken) =>
        wire.CallAsync<IReadOnlyList<CatalogEntry>>("read meters", () => [.. tables.Revisions], cancellationToken);

    /// <summary>Names are for people, and nobody here reads them.</summary>
    public Task PublishAsync(MeterCatalog.Snapshot meters, CancellationToken cancellationToken) => Task.CompletedTask;

    public Task<HouseJob?> NextAsync(long after, CancellationToken cancellationToken) => wire.CallAsync("next job", () => tables.NextJob(after), cancellationToken);

    public Task<IReadOnlyList<(int Revision, long[] Starts)>> UnplannedAsync(int partitions, CancellationToken cancellationToken) =>
        wire.CallAsync("unplanned", () => tables.Unplanned(partitions), cancellationToken);

    public Task<bool> PlanAsync(int revision, IReadOnlyCollection<string> jobArgs, int housePart, long epoch, CancellationToken cancellationToken) =>
        wire.CallAsync("plan", () => tables.Plan(revision, jobArgs, housePart, epoch), cancellationToken, rows: tables.Locks);

    public Task<bool> AddRepairsAsync(IReadOnlyCollection<string> jobArgs, int housePart, long asOf, CancellationToken cancellationToken) =>
        throw new InvalidOperationException("Nobody repairs in the simulation.");

    public Task<IReadOnlyList<int>> MarkReadyAsync(int partitions, CancellationToken cancellationToken) =>
        wire.CallAsync("mark ready", () => tables.MarkReady(partitions), cancellationToken);
}
