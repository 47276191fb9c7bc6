using System.Globalization;
using ClickHouse.Driver.ADO.Readers;
using Metering.Aggregator.Sealing;
using Metering.Storage.ClickHouse;
using Microsoft.Extensions.Logging;

namespace Metering.Aggregator.Retention;

/// <summary>Drops what is no longer needed: hours of deltas that a seal has folded, and rows past their table's retention.</summary>
internal sealed class RetentionLoop(ClickHouseDatabase database, SealStore seals, AggregatorOptions options, TimeProvider time, ILogger<RetentionLoop> logger)
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
            await database.ExecuteAsync($"ALTER TABLE usage_delta DROP PARTITION '{hour}'", cancellationToken);
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
        await using ClickHouseDataReader reader = await database.QueryAsync(
            "SELECT DISTINCT partition FROM system.parts WHERE database = {database:String} AND table = {table:String} AND active AND toUInt32(partition) < {keep:UInt32}",
            [("database", database.Name), ("table", table), ("keep", keep)],
            cancellationToken);
        List<string> months = [];
        while (await reader.ReadAsync(cancellationToken))
        {
            months.Add(reader.GetString(0));
        }

        foreach (string month in months)
        {
            await database.ExecuteAsync($"ALTER TABLE {table} DROP PARTITION {month}", cancellationToken);
        }
    }

    private async Task<IReadOnlyList<string>> FoldedHoursAsync(CancellationToken cancellationToken)
    {
        if (await FoldedByAsync(cancellationToken) is not { } seal)
        {
            return [];
        }

        await using ClickHouseDataReader reader = await database.QueryAsync(
            """
            SELECT toString(toStartOfHour(at)) AS hour FROM usage_delta
            WHERE at < {before:DateTime('UTC')}
            GROUP BY hour HAVING countIf(minute >= {upto:DateTime('UTC')} OR hi > {cut:Array(UInt64)}[part + 1]) = 0
            """,
            [
                ("before", (time.GetUtcNow() - options.DeltaRetention).UtcDateTime), ("upto", seal.Upto.UtcDateTime),
                ("cut", Array.ConvertAll(seal.Cut, offset => (ulong)offset)),
            ],
            cancellationToken);
        List<string> hours = [];
        while (await reader.ReadAsync(cancellationToken))
        {
            hours.Add(reader.GetString(0));
        }

        return hours;
    }

    /// <summary>The newest finished seal that is older than any running query.</summary>
    private Task<Seal?> FoldedByAsync(CancellationToken cancellationToken) => seals.NewestBeforeAsync(time.GetUtcNow() - s_queryGrace, cancellationToken);
}
