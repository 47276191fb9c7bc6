using System.Data.Common;
using System.Net;
using System.Text.Json.Serialization;
using Metering.Aggregator.Auditing;
using Metering.Aggregator.Partitions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Metering.Aggregator.Http;

public static class AuditRoutes
{
    /// <summary>
    /// Maps <c>GET /v1/audit</c> (the newest result of the audit that runs all the time), <c>POST /v1/audit</c> (a whole one, now),
    /// <c>POST /v1/audit/repair</c> (adds what the windows lack) and <c>POST /v1/audit/checkpoint</c> (adopts ClickHouse's progress).
    /// </summary>
    /// <remarks>They are the operator's, not a tenant's, so they answer on this machine only.</remarks>
    public static IEndpointRouteBuilder MapAudit(this IEndpointRouteBuilder app)
    {
        app.MapGet("/v1/audit", ForOperator(http => WriteAsync(http, http.RequestServices.GetRequiredService<AuditStatus>().Last)));
        app.MapPost("/v1/audit", ForOperator(async http =>
        {
            Auditor auditor = http.RequestServices.GetRequiredService<Auditor>();
            await WriteAsync(http, await auditor.RunAsync(windows: true, onDay: null, http.RequestAborted));
        }));
        app.MapPost("/v1/audit/repair", ForOperator(async http =>
        {
            IResult answer = await RepairAsync(http.RequestServices.GetRequiredService<Auditor>(), http.RequestAborted);
            await answer.ExecuteAsync(http);
        }));
        app.MapPost("/v1/audit/checkpoint", ForOperator(async http =>
        {
            AdoptedCheckpoint[] adopted = [.. await http.RequestServices.GetRequiredService<CheckpointRepair>().RunAsync(http.RequestAborted)];
            await http.Response.WriteAsJsonAsync(adopted, AuditJson.Default.AdoptedCheckpointArray, cancellationToken: http.RequestAborted);
        }));
        return app;
    }

    private static async Task<IResult> RepairAsync(Auditor auditor, CancellationToken cancellationToken)
    {
        try
        {
            return await auditor.RepairAsync(cancellationToken) is { } repaired
                ? TypedResults.Json(new RepairAnswer(repaired), AuditJson.Default.RepairAnswer)
                : TypedResults.Problem("Another repair is on its way. Ask for an audit when a seal has recorded it.", statusCode: StatusCodes.Status409Conflict);
        }
        catch (RepairRefusedException refused)
        {
            return TypedResults.Problem(refused.Message, statusCode: StatusCodes.Status409Conflict);
        }
    }

    private static RequestDelegate ForOperator(RequestDelegate serve) => async http =>
    {
        if (http.Connection.RemoteIpAddress is not { } remote || !IPAddress.IsLoopback(remote))
        {
            http.Response.StatusCode = StatusCodes.Status403Forbidden;
            return;
        }

        try
        {
            await serve(http);
        }
        catch (Exception problem) when (problem is DbException or HttpRequestException or OutOfMemoryException && !http.Response.HasStarted)
        {
            // A store that does not answer, or an answer that does not fit: the operator is told which.
            await TypedResults.Problem(problem.Message, statusCode: StatusCodes.Status503ServiceUnavailable).ExecuteAsync(http);
        }
    };

    private static async Task WriteAsync(HttpContext http, AuditReport? report)
    {
        if (report is null)
        {
            http.Response.StatusCode = StatusCodes.Status204NoContent;
            return;
        }

        await http.Response.WriteAsJsonAsync(report, AuditJson.Default.AuditReport, cancellationToken: http.RequestAborted);
    }
}

/// <param name="Differences">House job rows that were added.</param>
internal sealed record RepairAnswer(int Differences);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(AuditReport))]
[JsonSerializable(typeof(RepairAnswer))]
[JsonSerializable(typeof(AdoptedCheckpoint[]))]
internal sealed partial class AuditJson : JsonSerializerContext;
