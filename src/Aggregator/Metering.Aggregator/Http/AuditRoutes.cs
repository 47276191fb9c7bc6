using System.Text.Json.Serialization;
using Metering.Aggregator.Auditing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Metering.Aggregator.Http;

public static class AuditRoutes
{
    /// <summary>
    /// Maps <c>GET /v1/audit</c> (the newest result of the audit that runs all the time), <c>POST /v1/audit</c> (a whole one, now) and
    /// <c>POST /v1/audit/repair</c> (adds what the windows lack).
    /// </summary>
    public static IEndpointRouteBuilder MapAudit(this IEndpointRouteBuilder app)
    {
        app.MapGet("/v1/audit", (RequestDelegate)(http => WriteAsync(http, http.RequestServices.GetRequiredService<AuditStatus>().Last)));
        app.MapPost("/v1/audit", (RequestDelegate)(async http =>
        {
            Auditor auditor = http.RequestServices.GetRequiredService<Auditor>();
            await WriteAsync(http, await auditor.RunAsync(windows: true, onDay: null, http.RequestAborted));
        }));
        app.MapPost("/v1/audit/repair", (RequestDelegate)(async http =>
        {
            int repaired = await http.RequestServices.GetRequiredService<Auditor>().RepairAsync(http.RequestAborted);
            await http.Response.WriteAsJsonAsync(new RepairAnswer(repaired), AuditJson.Default.RepairAnswer, cancellationToken: http.RequestAborted);
        }));
        return app;
    }

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
internal sealed partial class AuditJson : JsonSerializerContext;
