using Metering.Aggregator.Telemetry;
using Metering.Storage.Postgres.Generations;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Metering.Aggregator.Auditing;

/// <summary>
/// Runs the audit all the time: counts and checksums each interval, the events counted again now and then. Of several aggregators the one that
/// owns the house partition does it.
/// </summary>
internal sealed class AuditLoop(LogGeneration generation, Auditor auditor, AuditStatus status, AggregatorStatus aggregator, AggregatorMetrics metrics, AggregatorOptions options, TimeProvider time, ILogger<AuditLoop> logger) : BackgroundService
{
    private const int IntervalsPerRecount = 60;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        for (int round = 1; ; round++)
        {
            await Task.Delay(options.AuditInterval, time, stoppingToken);
            if (!aggregator.Owned.Contains(generation.House))
            {
                continue;
            }

            try
            {
                Report(await auditor.RunAsync(windows: round % IntervalsPerRecount == 0, onDay: null, stoppingToken));
            }
            catch (Exception problem) when (problem is not OperationCanceledException)
            {
                AggregatorLog.TaskFailed(logger, "The audit", problem.Message, problem);
            }
        }
    }

    private void Report(AuditReport report)
    {
        status.Last = report;
        metrics.Found(report.Findings.Count);
        foreach (string finding in report.Findings)
        {
            AggregatorLog.AuditFinding(logger, finding);
        }
    }
}
