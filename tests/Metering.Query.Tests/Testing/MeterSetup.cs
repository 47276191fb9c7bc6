using System.Text.Json;
using Npgsql;

namespace Metering.Query.Tests.Testing;

/// <summary>Meters made through the API.</summary>
internal static class MeterSetup
{
    /// <summary>Creates a meter and gives its first revision's number.</summary>
    public static async Task<int> CreateMeterAsync(this QueryHost host, Engines engines, string slug, string aggregation, params string[] dimensions)
    {
        string groupBy = string.Join(", ", dimensions.Select(name => $"\"{name}\": \"$.{name}\""));
        string value = aggregation == "COUNT" ? "" : "\"valueProperty\": \"$.value\", ";
        string body = $$"""{"slug": "{{slug}}", "aggregation": "{{aggregation}}", "eventType": "call", {{value}}"groupBy": { {{groupBy}} } }""";
        (int status, JsonElement meter, _) = await host.SendAsync("POST", "/api/v1/meters", body);
        return status == 200
            ? (await engines.RevisionsAsync(meter.GetProperty("id").GetString()!))[^1].Number
            : throw new InvalidOperationException($"{status} {meter}");
    }

    public static async Task<List<(int Number, string State, string Definition)>> RevisionsAsync(this Engines engines, string meterId)
    {
        await using NpgsqlCommand command = engines.Postgres.Source.CreateCommand("select mrev, state, definition from meter_rev where meter_id = $1 order by mrev");
        command.Parameters.Add(new() { Value = meterId });
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync();
        List<(int, string, string)> revisions = [];
        while (await reader.ReadAsync())
        {
            revisions.Add((reader.GetInt32(0), reader.GetString(1), reader.GetString(2)));
        }

        return revisions;
    }

    public static async Task SetStateAsync(this Engines engines, int revision, string state)
    {
        await using NpgsqlCommand command = engines.Postgres.Source.CreateCommand("update meter_rev set state = $2 where mrev = $1");
        command.Parameters.Add(new() { Value = revision });
        command.Parameters.Add(new() { Value = state });
        await command.ExecuteNonQueryAsync();
    }
}
