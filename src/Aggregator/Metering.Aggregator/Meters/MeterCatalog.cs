using Metering.Aggregator.Engine.Meters;
using Metering.Storage.Postgres;
using Npgsql;

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

/// <summary>All revisions of all meters, read from PostgreSQL now and then. Immutable snapshots; safe for concurrent use.</summary>
public sealed class MeterCatalog(PostgresDatabase database) : IDisposable
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
            List<CatalogEntry> entries = await ReadAsync(cancellationToken);
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

    private async Task<List<CatalogEntry>> ReadAsync(CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = database.Source.Command(
            """
            select r.mrev, m.tenant, r.definition::text, r.meter_id, m.slug, r.state, r.last_job
            from meter_rev r join meter m on m.id = r.meter_id order by r.mrev
            """);
        List<CatalogEntry> entries = [];
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            MeterRevision revision = new(reader.GetInt32(0), reader.GetString(1), MeterDefinition.FromJson(reader.GetString(2)));
            RevisionState state = Enum.Parse<RevisionState>(reader.GetString(5), ignoreCase: true);
            entries.Add(new CatalogEntry(revision, reader.GetString(3), reader.GetString(4), state, reader.IsDBNull(6) ? null : reader.GetInt64(6)));
        }

        return entries;
    }

    private static (int, RevisionState, long?) Essence(CatalogEntry entry) => (entry.Revision.Number, entry.State, entry.LastJob);
}
