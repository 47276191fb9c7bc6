using Metering.Aggregator.Engine.Meters;
using Metering.Storage.Postgres;
using Npgsql;

namespace Metering.Aggregator.Meters;

/// <summary>The meters in PostgreSQL.</summary>
public sealed class MeterRevisions(PostgresDatabase database) : IMeterRevisions
{
    public async Task<IReadOnlyList<CatalogEntry>> ReadAsync(CancellationToken cancellationToken)
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
}
