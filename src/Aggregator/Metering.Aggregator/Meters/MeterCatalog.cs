using Metering.Aggregator.Engine.Meters;

namespace Metering.Aggregator.Meters;

public enum RevisionState
{
    Backfilling,
    Ready,
    Retired,
}

/// <param name="Slug">The meter's name.</param>
/// <param name="LastJob">The last house job of its back-fill, once all are known.</param>
public sealed record CatalogEntry(MeterRevision Revision, string MeterId, string Slug, RevisionState State, long? LastJob);

/// <summary>All revisions of all meters, read now and then. Immutable snapshots; safe for concurrent use.</summary>
public sealed class MeterCatalog(IMeterRevisions revisions) : IDisposable
{
    private readonly SemaphoreSlim _refreshing = new(1, 1);
    private volatile Snapshot _current = new(0, []);

    public Snapshot Current => _current;

    /// <param name="Version">Rises when anything changed.</param>
    public sealed record Snapshot(long Version, IReadOnlyList<CatalogEntry> Entries);

    /// <summary>Reads the meters again. One at a time, so that a version never stands for two different states.</summary>
    public async Task<Snapshot> RefreshAsync(CancellationToken cancellationToken)
    {
        await _refreshing.WaitAsync(cancellationToken);
        try
        {
            IReadOnlyList<CatalogEntry> entries = await revisions.ReadAsync(cancellationToken);
            Snapshot previous = _current;
            bool same = previous.Entries.Select(Essence).SequenceEqual(entries.Select(Essence));
            return same ? previous : _current = new Snapshot(previous.Version + 1, entries);
        }
        finally
        {
            _refreshing.Release();
        }
    }

    /// <summary>The revision that answers queries for each meter: the newest ready one, or the first while none is ready.</summary>
    public static IEnumerable<CatalogEntry> Serving(IEnumerable<CatalogEntry> entries) => entries
        .Where(entry => entry.State != RevisionState.Retired)
        .GroupBy(entry => entry.MeterId)
        .Select(meter => meter.LastOrDefault(entry => entry.State == RevisionState.Ready) ?? meter.First());

    public void Dispose() => _refreshing.Dispose();

    private static (int, RevisionState, long?) Essence(CatalogEntry entry) => (entry.Revision.Number, entry.State, entry.LastJob);
}
