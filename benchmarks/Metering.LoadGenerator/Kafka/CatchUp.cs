using System.Diagnostics;

namespace Metering.LoadGenerator.Kafka;

/// <param name="Took">From the first ready aggregator to every event being queryable.</param>
/// <param name="First">The part of it until their first flush: leases and what they know of their partitions come before it.</param>
/// <param name="Aggregators">Their processor time since each was ready.</param>
/// <param name="ClickHouse">Its processor time meanwhile; merges of new rows go on after that.</param>
/// <param name="ResidentBytes">Of all aggregators at the end.</param>
internal sealed record CatchUpResult(TimeSpan Took, TimeSpan First, TimeSpan Aggregators, TimeSpan ClickHouse, long ResidentBytes);

/// <summary>Starts aggregators on a full topic and waits until its usage is complete.</summary>
internal static class CatchUp
{
    private static readonly TimeSpan s_poll = TimeSpan.FromMilliseconds(50);

    public static async Task<CatchUpResult> RunAsync(Deployment deployment, UsageProbe probe, KafkaRunOptions options, CancellationToken cancellationToken)
    {
        TimeSpan clickHouseBefore = ServerProcesses.Busy(deployment.ClickHouseProcess);
        List<RoleProcess> aggregators = await deployment.StartAggregatorsAsync(options.Aggregators);
        try
        {
            long started = aggregators.Min(one => one.ReadyAt); // it does not wait for the others
            await FlushedAsync(deployment.Sql, 1, cancellationToken);
            TimeSpan first = Stopwatch.GetElapsedTime(started);
            await FlushedAsync(deployment.Sql, options.Events, cancellationToken);
            await probe.WaitAsync(options.Events, cancellationToken);
            return new CatchUpResult(
                Stopwatch.GetElapsedTime(started),
                first,
                aggregators.Aggregate(TimeSpan.Zero, (sum, one) => sum + ServerProcesses.Busy(one.Id) - one.BusyWhenReady),
                ServerProcesses.Busy(deployment.ClickHouseProcess) - clickHouseBefore,
                aggregators.Sum(one => Resident(one.Id)));
        }
        finally
        {
            await Task.WhenAll(aggregators.Select(one => one.DisposeAsync().AsTask()));
        }
    }

    /// <summary>Asks the flush records, which costs little; the usage itself is asked for once they are complete.</summary>
    private static async Task FlushedAsync(SqlClient sql, long events, CancellationToken cancellationToken)
    {
        while (await sql.ScalarAsync("SELECT toInt64(sum(accepted)) FROM flush_log FINAL", cancellationToken) < events)
        {
            await Task.Delay(s_poll, cancellationToken);
        }
    }

    private static long Resident(int processId)
    {
        using Process process = Process.GetProcessById(processId);
        return process.WorkingSet64;
    }
}
