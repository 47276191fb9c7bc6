using Metering.Aggregator;
using Metering.Contracts;
using Metering.EventLog;
using Metering.Host.Settings;
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

    /// <summary>What the roles cannot work without. Ingestion goes on without PostgreSQL, with the keys it knows.</summary>
    public static void Add(IServiceCollection services, Roles roles)
    {
        IHealthChecksBuilder checks = services.AddHealthChecks()
            .AddCheck<PostgresHealth>("postgres", roles == Roles.Ingest ? HealthStatus.Degraded : HealthStatus.Unhealthy, [Ready]);
        if ((roles & (Roles.Ingest | Roles.Aggregator)) != 0)
        {
            checks.AddCheck<LogHealth>("log", tags: [Ready]);
        }

        if ((roles & (Roles.Aggregator | Roles.Query | Roles.Billing)) != 0)
        {
            checks.AddCheck<ClickHouseHealth>("clickhouse", tags: [Ready]);
        }

        if (roles.HasFlag(Roles.Aggregator))
        {
            checks.AddCheck<AggregatorHealth>("aggregator", tags: [Ready]);
        }
    }

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

    private sealed class LogHealth([FromKeyedServices(Topics.UsageEvents)] ITopic topic) : IHealthCheck
    {
        public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
        {
            await topic.GetRangeAsync(0, cancellationToken);
            return HealthCheckResult.Healthy();
        }
    }

    private sealed class ClickHouseHealth(ClickHouseDatabase database) : IHealthCheck
    {
        public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
            await database.PingAsync(cancellationToken) ? HealthCheckResult.Healthy() : HealthCheckResult.Unhealthy("does not answer");
    }

    private sealed class AggregatorHealth(AggregatorStatus status) : IHealthCheck
    {
        public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
            Task.FromResult(status switch
            {
                { Stopped.Count: > 0 } => HealthCheckResult.Unhealthy(string.Join("; ", status.Stopped.Select(one => $"partition {one.Key} is stopped: {one.Value}"))),
                { Owned.Count: 0 } => HealthCheckResult.Degraded("owns no partition"),
                _ => HealthCheckResult.Healthy(),
            });
    }
}
