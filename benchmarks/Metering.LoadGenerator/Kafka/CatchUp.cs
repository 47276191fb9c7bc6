using System.Diagnostics;

namespace Metering.LoadGenerator.Kafka;

/// <param name="Took">From ready aggregators to every event being queryable.</param>
/// <param name="Aggregators">Their processor time meanwhile.</param>
/// <param name="ClickHouse">Its processor time meanwhile; merges of new rows go on after that.</param>
/// <param name="ResidentBytes">Of all aggregators at the end.</param>
internal sealed record CatchUpResult(TimeSpan Took, TimeSpan Aggregators, TimeSpan ClickHouse, long ResidentBytes);

/// <summary>Starts aggregators on a full topic and waits until its usage is complete.</summary>
internal static class CatchUp
{
    private static readonly TimeSpan s_poll = TimeSpan.FromMilliseconds(50);

    public static async Task<CatchUpResult> RunAsync(Deployment deployment, UsageProbe probe, KafkaRunOptions options, CancellationToken cancellationToken)
    {
        List<RoleProcess> aggregators = await deployment.StartAggregatorsAsync(options.Aggregators);
        try
        {
            long started = Stopwatch.GetTimestamp();
            TimeSpan busyBefore = Busy(aggregators), clickHouseBefore = ServerProcesses.Busy(deployment.ClickHouseProcess);

            // The flush records are cheap to ask; the usage itself is asked for once they are complete.
            while (await deployment.Sql.ScalarAsync("SELECT toInt64(sum(accepted)) FROM flush_log FINAL", cancellationToken) < options.Events)
            {
                await Task.Delay(s_poll, cancellationToken);
            }

            await probe.WaitAsync(options.Events, cancellationToken);
            return new CatchUpResult(
                Stopwatch.GetElapsedTime(started),
                Busy(aggregators) - busyBefore,
                ServerProcesses.Busy(deployment.ClickHouseProcess) - clickHouseBefore,
                aggregators.Sum(one => Resident(one.Id)));
        }
        finally
        {
            await Task.WhenAll(aggregators.Select(one => one.DisposeAsync().AsTask()));
        }
    }

    private static TimeSpan Busy(IEnumerable<RoleProcess> processes) => processes.Aggregate(TimeSpan.Zero, (sum, one) => sum + ServerProcesses.Busy(one.Id));

    private static long Resident(int processId)
    {
        using Process process = Process.GetProcessById(processId);
        return process.WorkingSet64;
    }
}
