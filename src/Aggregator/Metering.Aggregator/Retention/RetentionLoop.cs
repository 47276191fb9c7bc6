using System.Globalization;
using Metering.Aggregator.Sealing;
using Microsoft.Extensions.Logging;

namespace Metering.Aggregator.Retention;

/// <summary>Drops what is no longer needed: hours of deltas that a seal has folded, and rows past their table's retention.</summary>
internal sealed class RetentionLoop(IRetainedRows rows, ISealStore seals, AggregatorOptions options, TimeProvider time, ILogger<RetentionLoop> logger)
{
    private static readonly TimeSpan s_interval = TimeSpan.FromMinutes(5);

    /// <summary>
    /// A query that read its marks just before a seal must still find the deltas, so only those folded this long ago are dropped.
    /// </summary>
    private static readonly TimeSpan s_queryGrace = TimeSpan.FromMinutes(10);

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                await ApplyAsync(cancellationToken);
            }
            catch (Exception problem) when (problem is not OperationCanceledException)
            {
                AggregatorLog.TaskFailed(logger, "Retention", problem.Message, problem);
            }

            await Task.Delay(s_interval, time, cancellationToken);
        }
    }

    private async Task ApplyAsync(CancellationToken cancellationToken)
    {
        await ExpireAsync("usage_raw", options.RawRetention, cancellationToken);
        await ExpireAsync("dead_letter", options.DeadLetterRetention, cancellationToken);
        foreach (string hour in await FoldedHoursAsync(cancellationToken))
        {
            await rows.DropHourAsync(hour, cancellationToken);
            AggregatorLog.DeltasDropped(logger, hour);
        }
    }

    /// <summary>Whole months, by append time: cheap, and never half a flush.</summary>
    private async Task ExpireAsync(string table, TimeSpan? retention, CancellationToken cancellationToken)
    {
        if (retention is null)
        {
            return;
        }

        int keep = int.Parse((time.GetUtcNow() - retention.Value).ToString("yyyyMM", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
        foreach (string month in await rows.MonthsBelowAsync(table, keep, cancellationToken))
        {
            await rows.DropMonthAsync(table, month, cancellationToken);
        }
    }

    /// <summary>By the newest finished seal that is older than any running query.</summary>
    private async Task<IReadOnlyList<string>> FoldedHoursAsync(CancellationToken cancellationToken)
    {
        Seal? seal = await seals.NewestBeforeAsync(time.GetUtcNow() - s_queryGrace, cancellationToken);
        return seal is null ? [] : await rows.FoldedHoursAsync(time.GetUtcNow() - options.DeltaRetention, seal, cancellationToken);
    }
}
