using System.Text.Json;
using Metering.Aggregator.Engine.Meters;
using Metering.Storage.Postgres;
using Npgsql;
using NpgsqlTypes;

namespace Metering.Query.Meters;

/// <summary>Meters in PostgreSQL. A definition and its revision change in one transaction; the aggregator is told on commit.</summary>
internal sealed class MeterStore(PostgresDatabase database)
{
    private const string Columns =
        "id, slug, name, description, metadata, aggregation, event_type, event_from, value_property, group_by, created_at, updated_at, deleted_at";

    /// <returns>Whether the slug was free and the tenant below its limit.</returns>
    public async Task<CreateStatus> CreateAsync(string tenant, Meter meter, int maxMeters, CancellationToken cancellationToken)
    {
        await using NpgsqlConnection connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellationToken);
        if (await CountLiveAsync(connection, tenant, cancellationToken) >= maxMeters)
        {
            return CreateStatus.TooMany;
        }

        try
        {
            await InsertAsync(connection, tenant, meter, cancellationToken);
        }
        catch (PostgresException conflict) when (conflict.SqlState == PostgresErrorCodes.UniqueViolation)
        {
            return CreateStatus.SlugTaken;
        }

        await AddRevisionAsync(connection, meter, meter.CreatedAt, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return CreateStatus.Created;
    }

    public async Task<List<Meter>> ListAsync(string tenant, MeterListing listing, CancellationToken cancellationToken)
    {
        string direction = listing.Descending ? "desc" : "asc";
        await using NpgsqlCommand command = database.Source.CreateCommand($"""
            select {Columns} from meter
            where tenant = $1 and ($2 or deleted_at is null)
            order by {listing.OrderBy} {direction}, id {direction}
            limit $3 offset $4
            """);
        command.Parameters.Add(new() { Value = tenant });
        command.Parameters.Add(new() { Value = listing.IncludeDeleted });
        command.Parameters.Add(new() { Value = listing.PageSize });
        command.Parameters.Add(new() { Value = (long)(listing.Page - 1) * listing.PageSize });
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        List<Meter> meters = [];
        while (await reader.ReadAsync(cancellationToken))
        {
            meters.Add(Read(reader));
        }

        return meters;
    }

    /// <summary>A live meter. Ids are upper case and slugs lower case, so that one text cannot mean two meters.</summary>
    public async Task<Meter?> FindAsync(string tenant, string idOrSlug, CancellationToken cancellationToken)
    {
        await using NpgsqlConnection connection = await database.Source.OpenConnectionAsync(cancellationToken);
        return await FindAsync(connection, tenant, idOrSlug, "", cancellationToken);
    }

    /// <summary>Null when there is no such meter.</summary>
    /// <param name="change">Gives the new meter; a refusal thrown by it leaves everything as it was.</param>
    public async Task<Meter?> UpdateAsync(string tenant, string idOrSlug, Func<Meter, Meter> change, CancellationToken cancellationToken)
    {
        await using NpgsqlConnection connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellationToken);
        if (await FindAsync(connection, tenant, idOrSlug, "for update", cancellationToken) is not { } before)
        {
            return null;
        }

        Meter after = change(before);
        await UpdateAsync(connection, after, cancellationToken);
        if (after.Definition.ToJson() != before.Definition.ToJson())
        {
            await PricedMeters.RefuseAsync(connection, tenant, before.Slug, "redefined", cancellationToken);
            await AddRevisionAsync(connection, after, after.UpdatedAt, cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
        return after;
    }

    public async Task<Meter?> DeleteAsync(string tenant, string idOrSlug, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await using NpgsqlConnection connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellationToken);
        if (await FindAsync(connection, tenant, idOrSlug, "for update", cancellationToken) is not { } meter)
        {
            return null;
        }

        await PricedMeters.RefuseAsync(connection, tenant, meter.Slug, "deleted", cancellationToken);
        await using NpgsqlBatch batch = new(connection)
        {
            BatchCommands =
            {
                new("update meter set deleted_at = $2, updated_at = $2 where id = $1") { Parameters = { new() { Value = meter.Id }, new() { Value = now } } },
                new("update meter_rev set state = 'retired' where meter_id = $1") { Parameters = { new() { Value = meter.Id } } },
                Notification(),
            },
        };
        await batch.ExecuteNonQueryAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return meter;
    }

    private static async Task<long> CountLiveAsync(NpgsqlConnection connection, string tenant, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = new("select count(*) from meter where tenant = $1 and deleted_at is null", connection)
        {
            Parameters = { new() { Value = tenant } },
        };
        return (long)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    private static async Task<Meter?> FindAsync(
        NpgsqlConnection connection, string tenant, string idOrSlug, string locking, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = new($"""
            select {Columns} from meter
            where tenant = $1 and deleted_at is null and (id = $2 or slug = $2)
            {locking}
            """, connection)
        {
            Parameters = { new() { Value = tenant }, new() { Value = idOrSlug } },
        };
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken) ? Read(reader) : null;
    }

    private static async Task InsertAsync(NpgsqlConnection connection, string tenant, Meter meter, CancellationToken cancellationToken)
    {
        MeterDefinition definition = meter.Definition;
        await using NpgsqlCommand command = new("""
            insert into meter (id, tenant, slug, name, description, metadata, aggregation, event_type, event_from, value_property, group_by,
              created_at, updated_at)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12)
            """, connection)
        {
            Parameters =
            {
                new() { Value = meter.Id }, new() { Value = tenant }, new() { Value = meter.Slug }, Nullable(meter.Name), Nullable(meter.Description),
                Json(meter.Metadata), new() { Value = definition.Aggregation.ToName() }, new() { Value = definition.EventType },
                new() { Value = definition.EventFrom is { } from ? from : DBNull.Value, NpgsqlDbType = NpgsqlDbType.TimestampTz },
                Nullable(definition.ValueProperty), Json(definition.GroupBy), new() { Value = meter.CreatedAt },
            },
        };
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static async Task UpdateAsync(NpgsqlConnection connection, Meter meter, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = new(
            "update meter set name = $2, description = $3, metadata = $4, group_by = $5, updated_at = $6 where id = $1", connection)
        {
            Parameters =
            {
                new() { Value = meter.Id }, Nullable(meter.Name), Nullable(meter.Description), Json(meter.Metadata), Json(meter.Definition.GroupBy),
                new() { Value = meter.UpdatedAt },
            },
        };
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static async Task AddRevisionAsync(NpgsqlConnection connection, Meter meter, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await using NpgsqlBatch batch = new(connection)
        {
            BatchCommands =
            {
                new("insert into meter_rev (meter_id, definition, state, created_at) values ($1, $2, 'backfilling', $3)")
                {
                    Parameters =
                    {
                        new() { Value = meter.Id }, new() { Value = meter.Definition.ToJson(), NpgsqlDbType = NpgsqlDbType.Jsonb }, new() { Value = now },
                    },
                },
                Notification(),
            },
        };
        await batch.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Wakes the aggregator when the transaction commits; it also polls, so a lost notification only costs time.</summary>
    private static NpgsqlBatchCommand Notification() => new("select pg_notify('meters', '')");

    private static NpgsqlParameter Nullable(string? text) => new() { Value = text is null ? DBNull.Value : text, NpgsqlDbType = NpgsqlDbType.Text };

    private static NpgsqlParameter Json(SortedDictionary<string, string> map) => new()
    {
        Value = JsonSerializer.Serialize(map, MeterBodyJson.Default.SortedDictionaryStringString),
        NpgsqlDbType = NpgsqlDbType.Jsonb,
    };

    internal static Meter Read(NpgsqlDataReader row) => new()
    {
        Id = row.GetString(0),
        Slug = row.GetString(1),
        Name = row.IsDBNull(2) ? null : row.GetString(2),
        Description = row.IsDBNull(3) ? null : row.GetString(3),
        Metadata = ReadMap(row.GetString(4)),
        Definition = new MeterDefinition(
            AggregationName.TryParse(row.GetString(5), out Aggregation aggregation) ? aggregation : throw new InvalidDataException(row.GetString(5)),
            row.GetString(6),
            row.IsDBNull(7) ? null : row.GetFieldValue<DateTimeOffset>(7),
            row.IsDBNull(8) ? null : row.GetString(8),
            ReadMap(row.GetString(9))),
        CreatedAt = row.GetFieldValue<DateTimeOffset>(10),
        UpdatedAt = row.GetFieldValue<DateTimeOffset>(11),
        DeletedAt = row.IsDBNull(12) ? null : row.GetFieldValue<DateTimeOffset>(12),
    };

    /// <summary>In ordinal order whatever the process's culture, because the position of a group value is its dimension's position.</summary>
    private static SortedDictionary<string, string> ReadMap(string json) =>
        new(JsonSerializer.Deserialize(json, MeterBodyJson.Default.SortedDictionaryStringString) ?? [], StringComparer.Ordinal);
}

internal enum CreateStatus
{
    Created,
    SlugTaken,
    TooMany,
}
