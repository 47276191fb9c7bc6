using System.Text.Json;
using Metering.Aggregator.Engine.Meters;
using Metering.Query.Http;
using Metering.Query.Meters;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Options;

namespace Metering.Query.Events;

/// <summary>Lists of events, and the history of one.</summary>
internal sealed class EventEndpoints(
    EventReader events, EventHistory history, ServingRevisions revisions, IOptions<QueryOptions> options, TimeProvider clock)
{
    public void Map(IEndpointRouteBuilder routes, RequestEdge edge)
    {
        edge.Map(routes, HttpMethods.Get, "/api/v1/events", ListAsync);
        edge.Map(routes, HttpMethods.Get, "/api/v2/events", PageAsync);
        edge.Map(routes, HttpMethods.Get, "/v1/events/history", HistoryAsync);
    }

    private async Task<IResult> ListAsync(HttpContext context, string tenant, CancellationToken cancellationToken)
    {
        EventQuery query = EventQuery.FromV1(tenant, new QueryParameters(context.Request.Query), clock.GetUtcNow(), options.Value);
        List<EventRow> rows = await events.ReadAsync(query, cancellationToken);
        MeterSet meters = await revisions.LoadAsync(tenant, cancellationToken);
        return new JsonBody(json => WriteList(json, rows, tenant, meters));
    }

    private async Task<IResult> PageAsync(HttpContext context, string tenant, CancellationToken cancellationToken)
    {
        EventQuery query = EventQuery.FromV2(tenant, new QueryParameters(context.Request.Query));
        List<EventRow> rows = await events.ReadAsync(query, cancellationToken);
        MeterSet meters = await revisions.LoadAsync(tenant, cancellationToken);
        return new JsonBody(json =>
        {
            json.WriteStartObject();
            json.WritePropertyName("items");
            WriteList(json, rows, tenant, meters);
            if (rows.Count == query.Limit)
            {
                json.WriteString("nextCursor", new Cursor(rows[^1].Time.UtcTicks, rows[^1].Part, rows[^1].Offset).ToString());
            }

            json.WriteEndObject();
        });
    }

    private async Task<IResult> HistoryAsync(HttpContext context, string tenant, CancellationToken cancellationToken)
    {
        QueryParameters query = new(context.Request.Query);
        string source = query.Text("source") ?? throw RefusedException.BadRequest("source is required.");
        string id = query.Text("id") ?? throw RefusedException.BadRequest("id is required.");
        List<EventRecord> records = await history.ReadAsync(tenant, source, id, cancellationToken);
        return records.Count == 0
            ? throw RefusedException.NotFound($"event not found: {source} {id}")
            : new JsonBody(json => WriteHistory(json, source, id, records));
    }

    private static void WriteList(Utf8JsonWriter json, List<EventRow> rows, string tenant, MeterSet meters)
    {
        json.WriteStartArray();
        foreach (EventRow row in rows)
        {
            EventJson.Write(json, row, EventJson.ProblemOf(row, tenant, meters));
        }

        json.WriteEndArray();
    }

    private static void WriteHistory(Utf8JsonWriter json, string source, string id, List<EventRecord> records)
    {
        json.WriteStartObject();
        json.WriteString("source", source);
        json.WriteString("id", id);
        json.WriteStartArray("records");
        foreach (EventRecord record in records)
        {
            EventHistory.Write(json, record);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }
}
