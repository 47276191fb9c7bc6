using Metering.Aggregator;
using Metering.Storage.ClickHouse;
using Metering.Storage.Postgres;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Npgsql;

namespace Metering.Host.Composition;

/// <summary><c>/healthz/live</c>: the process answers. <c>/healthz/ready</c>: it can do its work, with a line per check that fails.</summary>
internal static class HealthSetup
{
    private const string Ready = "ready";

    public static void Add(IServiceCollection services) => services.AddHealthChecks()
        .AddCheck<PostgresHealth>("postgres", tags: [Ready])
        .AddCheck<ClickHouseHealth>("clickhouse", tags: [Ready])
        .AddCheck<AggregatorHealth>("aggregator", tags: [Ready]);

    public static void Map(WebApplication app)
    {
        app.MapHealthChecks("/healthz/live", new HealthCheckOptions { Predicate = _ => false });
        app.MapHealthChecks("/healthz/ready", new HealthCheckOptions { Predicate = check => check.Tags.Contains(Ready), ResponseWriter = WriteAsync });
    }

    private static async Task WriteAsync(HttpContext http, HealthReport report)
    {
        http.Response.ContentType = "text/plain";
        string text = string.Concat(report.Entries.Select(check => $"{check.Key}: {check.Value.Status} {check.Value.Description ?? check.Value.Exception?.Message}\n"));
        await http.Response.WriteAsync(text, http.RequestAborted);
    }

    private sealed class PostgresHealth(PostgresDatabase database) : IHealthCheck
    {
        public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
        {
            await using NpgsqlCommand command = database.Source.Command("select 1");
            await command.ExecuteScalarAsync(cancellationToken);
            return HealthCheckResult.Healthy();
        }
    }

    private sealed class ClickHouseHealth(ClickHouseDatabase database) : IHealthCheck
    {
        public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
            await database.PingAsync(cancellationToken) ? HealthCheckResult.Healthy() : HealthCheckResult.Unhealthy("does not answer");
    }

    private sealed class AggregatorHealth(IServiceProvider services) : IHealthCheck
    {
        public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
            Task.FromResult(services.GetService<AggregatorStatus>() switch
            {
                null => HealthCheckResult.Healthy(),
                { Stopped.Count: > 0 } status => HealthCheckResult.Unhealthy(string.Join("; ", status.Stopped.Select(one => $"partition {one.Key} is stopped: {one.Value}"))),
                { Owned.Count: 0 } => HealthCheckResult.Degraded("owns no partition"),
                _ => HealthCheckResult.Healthy(),
            });
    }
}
