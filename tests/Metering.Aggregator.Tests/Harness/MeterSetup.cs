using Metering.Aggregator.Engine.Meters;
using Metering.Storage.Postgres;
using Npgsql;

namespace Metering.Aggregator.Tests.Harness;

/// <summary>Meters as the API would write them.</summary>
internal static class MeterSetup
{
    public static async Task<int> CreateAsync(PostgresDatabase postgres, string slug, Aggregation aggregation, string? value = "$.value", string? groupBy = "$.model", string type = "llm")
    {
        SortedDictionary<string, string> dimensions = groupBy is null ? [] : new() { ["model"] = groupBy };
        MeterDefinition definition = new(aggregation, type, null, aggregation == Aggregation.Count ? null : value, dimensions);
        await using NpgsqlCommand command = postgres.Source.Command(
            """
            with made as (
              insert into meter (id, tenant, slug, aggregation, event_type, created_at, updated_at) values ($1, 'default', $2, $3, $4, now(), now()) returning id)
            insert into meter_rev (meter_id, definition, created_at) select id, $5::jsonb, now() from made returning mrev
            """,
            $"id-{slug}", slug, aggregation.ToName(), type, definition.ToJson());
        return (int)(await command.ExecuteScalarAsync())!;
    }
}
