using Metering.Aggregator.Engine.Meters;
using Metering.Storage.Postgres;
using Npgsql;

namespace Metering.Query.Meters;

/// <summary>Finds the revisions that answer queries.</summary>
internal sealed class ServingRevisions(PostgresDatabase database)
{
    public async Task<ServingRevision?> FindAsync(string tenant, string idOrSlug, CancellationToken cancellationToken) =>
        (await ReadAsync(tenant, idOrSlug, cancellationToken)).FirstOrDefault();

    /// <summary>All of a tenant, ready to look at events.</summary>
    public async Task<MeterSet> LoadAsync(string tenant, CancellationToken cancellationToken)
    {
        List<ServingRevision> revisions = await ReadAsync(tenant, null, cancellationToken);
        return new MeterSet(revisions.Select(revision => new MeterRevision(revision.Number, tenant, revision.Definition)));
    }

    private async Task<List<ServingRevision>> ReadAsync(string tenant, string? idOrSlug, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = database.Source.CreateCommand("""
            select id, slug, name, description, metadata, aggregation, event_type, event_from, value_property, group_by, meter.created_at, updated_at,
              deleted_at, serving.mrev, serving.definition
            from meter
            cross join lateral (
              select mrev, definition from meter_rev
              where meter_id = meter.id and state <> 'retired'
              order by state = 'ready' desc, case when state = 'ready' then -mrev else mrev end
              limit 1) as serving
            where tenant = $1 and deleted_at is null and ($2 is null or id = $2 or slug = $2)
            order by meter.id
            """);
        command.Parameters.Add(new() { Value = tenant });
        command.Parameters.Add(new() { Value = idOrSlug is null ? DBNull.Value : idOrSlug, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Text });
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        List<ServingRevision> revisions = [];
        while (await reader.ReadAsync(cancellationToken))
        {
            MeterDefinition definition = MeterDefinition.FromJson(reader.GetString(14));
            SortedDictionary<string, string> ordered = new(definition.GroupBy, StringComparer.Ordinal);
            revisions.Add(new ServingRevision(MeterStore.Read(reader), reader.GetInt32(13), definition with { GroupBy = ordered }));
        }

        return revisions;
    }
}
