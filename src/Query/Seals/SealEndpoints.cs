using System.Text.Json;
using Metering.Query.Http;
using Metering.Storage.Postgres;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Npgsql;

namespace Metering.Query.Seals;

/// <summary>The seals that are done: what "as of seal N" may name.</summary>
internal sealed class SealEndpoints(PostgresDatabase database)
{
    private const int DefaultLimit = 100;
    private const int MaxLimit = 1000;

    public void Map(IEndpointRouteBuilder routes, RequestEdge edge) => edge.Map(routes, HttpMethods.Get, "/v1/seals", ListAsync);

    private async Task<IResult> ListAsync(HttpContext context, string tenant, CancellationToken cancellationToken)
    {
        int limit = new QueryParameters(context.Request.Query).Integer("limit", DefaultLimit, 1, MaxLimit);
        List<Seal> seals = await ReadAsync(limit, cancellationToken);
        return new JsonBody(json => Write(json, seals));
    }

    private static void Write(Utf8JsonWriter json, List<Seal> seals)
    {
        json.WriteStartObject();
        json.WriteStartArray("items");
        foreach (Seal seal in seals)
        {
            json.WriteStartObject();
            json.WriteNumber("sealNo", seal.Number);
            json.WriteString("upto", seal.Upto.UtcDateTime);
            json.WriteString("sealedAt", seal.SealedAt.UtcDateTime);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private async Task<List<Seal>> ReadAsync(int limit, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = database.Source.CreateCommand(
            "select seal_no, upto, sealed_at from seal where state = 'done' order by seal_no desc limit $1");
        command.Parameters.Add(new() { Value = limit });
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        List<Seal> seals = [];
        while (await reader.ReadAsync(cancellationToken))
        {
            seals.Add(new Seal(reader.GetInt64(0), reader.GetFieldValue<DateTimeOffset>(1), reader.GetFieldValue<DateTimeOffset>(2)));
        }

        return seals;
    }

    private readonly record struct Seal(long Number, DateTimeOffset Upto, DateTimeOffset SealedAt);
}
