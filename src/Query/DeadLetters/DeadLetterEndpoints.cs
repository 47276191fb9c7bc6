using System.Globalization;
using System.Net;
using Metering.Query.Http;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Metering.Query.DeadLetters;

/// <summary>
/// Lists dead letters and notes which were sent again. Sending is done by ingest, as for any event. Records of the log that could not be read at all
/// belong to no tenant: <c>unreadable=true</c> shows these, to the operator on this machine.
/// </summary>
internal sealed class DeadLetterEndpoints(DeadLetterReader letters, TimeProvider clock)
{
    public void Map(IEndpointRouteBuilder routes, RequestEdge edge)
    {
        edge.Map(routes, HttpMethods.Get, "/v1/dead-letters", ListAsync);
        edge.Map(routes, HttpMethods.Get, "/v1/dead-letters/{part}/{off}", GetAsync);
        edge.Map(routes, HttpMethods.Post, "/v1/dead-letters/{part}/{off}/replayed", ReplayedAsync);
    }

    private async Task<IResult> ListAsync(HttpContext context, string tenant, CancellationToken cancellationToken)
    {
        DeadLetterQuery query = DeadLetterQuery.Read(OwnerOf(context, tenant), new QueryParameters(context.Request.Query));
        List<DeadLetter> found = await letters.ListAsync(query, cancellationToken);
        return new JsonBody(json =>
        {
            json.WriteStartObject();
            json.WriteStartArray("items");
            found.ForEach(letter => letter.Write(json));
            json.WriteEndArray();
            if (found.Count == query.Limit)
            {
                json.WriteString("nextCursor", new Cursor(found[^1].At.UtcTicks, found[^1].Part, found[^1].Offset).ToString());
            }

            json.WriteEndObject();
        });
    }

    private async Task<IResult> GetAsync(HttpContext context, string tenant, CancellationToken cancellationToken)
    {
        DeadLetter letter = await FindAsync(context, tenant, cancellationToken);
        return new JsonBody(letter.Write);
    }

    private async Task<IResult> ReplayedAsync(HttpContext context, string tenant, CancellationToken cancellationToken)
    {
        DeadLetter letter = await FindAsync(context, tenant, cancellationToken);
        await letters.MarkReplayedAsync(letter.Part, letter.Offset, clock.GetUtcNow(), cancellationToken);
        return Results.NoContent();
    }

    private async Task<DeadLetter> FindAsync(HttpContext context, string tenant, CancellationToken cancellationToken)
    {
        string part = (string)context.Request.RouteValues["part"]!;
        string offset = (string)context.Request.RouteValues["off"]!;
        DeadLetter? letter = ushort.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out ushort partNumber)
            && ulong.TryParse(offset, NumberStyles.None, CultureInfo.InvariantCulture, out ulong offsetNumber)
                ? await letters.FindAsync(OwnerOf(context, tenant), partNumber, offsetNumber, cancellationToken)
                : null;
        return letter ?? throw RefusedException.NotFound($"dead letter not found: {part}/{offset}");
    }

    private static string OwnerOf(HttpContext context, string tenant)
    {
        if (new QueryParameters(context.Request.Query).Text("unreadable") is not "true")
        {
            return tenant;
        }

        return context.Connection.RemoteIpAddress is { } remote && IPAddress.IsLoopback(remote)
            ? ""
            : throw new RefusedException(StatusCodes.Status403Forbidden, "Unreadable records are shown on the server's own machine only.");
    }
}
