using System.Globalization;
using ClickHouse.Driver.ADO.Readers;
using Metering.Aggregator.Partitions;
using Metering.Aggregator.Telemetry;
using Metering.Storage.ClickHouse;
using Microsoft.Extensions.Logging;

namespace Metering.Aggregator.Sealing;

/// <summary>
/// Folds deltas into windows. Each delta is folded by exactly one seal: those confirmed since the last seal, of minutes now below the
/// boundary, and older ones whose minute has only now passed it. What a seal has written never changes. A seal that was begun is finished
/// with its stored values, by whoever holds the lock, and may be written any number of times.
/// </summary>
internal sealed class Sealer(SealStore store, ClickHouseDatabase clickHouse, AggregatorOptions options, AggregatorMetrics metrics, TimeProvider time, ILogger<Sealer> logger)
{
    private const string Folded =
        """
        SELECT tenant, meter, subject, minute, grp, v, vt, vid, kind, {seal:UInt64} AS seal_no, {at:DateTime('UTC')} AS sealed_at, sum(s) AS s, sum(n) AS n
        FROM usage_delta FINAL
        WHERE minute < {upto:DateTime('UTC')} AND hi <= {cut:Array(UInt64)}[part + 1]
          AND (hi > {previous_cut:Array(UInt64)}[part + 1] OR minute >= {previous_upto:DateTime('UTC')})
        GROUP BY tenant, meter, subject, minute, grp, v, vt, vid, kind
        """;

    // A sealer that slept through its successor's seal would fold what is left after deltas were dropped.
    private const string Insert =
        "INSERT INTO usage_window (tenant, meter, subject, minute, grp, v, vt, vid, kind, seal_no, sealed_at, s, n) SELECT * FROM (" + Folded + ") WHERE (SELECT max(seal_no) FROM seal_mark) < {seal:UInt64}";

    /// <summary>The sums in 256 bits, because ClickHouse wraps Decimal(38, 12) silently.</summary>
    private const string Expected = "SELECT count(), toString(sum(n)), toString(sum(toDecimal256(s, 12))) FROM (" + Folded + ")";

    private const string Corrections = "SELECT count(), '', '' FROM usage_window FINAL WHERE seal_no = {seal:UInt64} AND minute < {previous_upto:DateTime('UTC')}";

    private const string Found = "SELECT count(), toString(sum(n)), toString(sum(toDecimal256(s, 12))) FROM usage_window FINAL WHERE seal_no = {seal:UInt64}";

    /// <summary>Finishes a seal that was begun, then makes the next one when a further minute has passed the allowed lateness.</summary>
    /// <returns>Whether a seal was written.</returns>
    public async Task<bool> StepAsync(int partitions, CancellationToken cancellationToken)
    {
        (Seal last, Seal? pending) = await store.LastAsync(cancellationToken);
        if (pending is not null)
        {
            await FinishAsync(pending, last, cancellationToken);
            return true;
        }

        Seal? next = await PlanAsync(last, partitions, cancellationToken);
        if (next is null || !await store.BeginAsync(next, cancellationToken))
        {
            return false;
        }

        await FinishAsync(next, last, cancellationToken);
        return true;
    }

    /// <summary>The next seal: the boundary never goes back, and never passes PostgreSQL's clock or the slowest partition's.</summary>
    private async Task<Seal?> PlanAsync(Seal last, int partitions, CancellationToken cancellationToken)
    {
        if (await store.ReadProgressAsync(partitions, cancellationToken) is not { } progress)
        {
            return null;
        }

        metrics.Watermark(time.GetUtcNow() - progress.Clock);
        DateTimeOffset boundary = progress.Clock - options.AllowedLateness;
        DateTimeOffset minute = new(boundary.Ticks - (boundary.Ticks % TimeSpan.TicksPerMinute), TimeSpan.Zero);
        DateTimeOffset upto = minute > last.Upto ? minute : last.Upto;
        bool houseWorked = progress.Cut[partitions] > last.Cut.ElementAtOrDefault(partitions);
        return upto > last.Upto || houseWorked ? new Seal(last.Number + 1, upto, progress.Cut, time.GetUtcNow()) : null;
    }

    private async Task FinishAsync(Seal seal, Seal previous, CancellationToken cancellationToken)
    {
        (string Name, object Value)[] parameters =
        [
            ("seal", seal.Number), ("at", seal.SealedAt.UtcDateTime), ("upto", seal.Upto.UtcDateTime), ("cut", Unsigned(seal.Cut)),
            ("previous_cut", Unsigned(previous.Cut)), ("previous_upto", previous.Upto.UtcDateTime),
        ];
        (string expected, long rows) = await SummaryAsync(Expected, parameters, cancellationToken);
        (string found, _) = await SummaryAsync(Found, parameters, cancellationToken);
        for (int attempt = 0; found != expected; attempt++)
        {
            if (attempt == 3)
            {
                throw new PartitionStoppedException(0, $"seal {seal.Number} holds {found} (rows, count, sum), its deltas are {expected}");
            }

            await clickHouse.ExecuteAsync(Insert, parameters, cancellationToken);
            (found, _) = await SummaryAsync(Found, parameters, cancellationToken);
        }

        await clickHouse.ExecuteAsync(
            "INSERT INTO seal_mark (seal_no, upto, cut, sealed_at) SELECT {seal:UInt64}, {upto:DateTime('UTC')}, {cut:Array(UInt64)}, {at:DateTime('UTC')}", parameters, cancellationToken);
        await store.FinishAsync(seal.Number, cancellationToken);
        (_, long corrections) = await SummaryAsync(Corrections, parameters, cancellationToken);
        metrics.Sealed(time.GetUtcNow() - seal.Upto, corrections);
        AggregatorLog.Sealed(logger, seal.Upto, seal.Number, rows);
    }

    private async Task<(string Summary, long Rows)> SummaryAsync(string sql, (string Name, object Value)[] parameters, CancellationToken cancellationToken)
    {
        await using ClickHouseDataReader reader = await clickHouse.QueryAsync(sql, parameters, cancellationToken);
        await reader.ReadAsync(cancellationToken);
        long rows = (long)reader.GetFieldValue<ulong>(0);
        return (string.Create(CultureInfo.InvariantCulture, $"{rows} {reader.GetString(1)} {reader.GetString(2)}"), rows);
    }

    private static ulong[] Unsigned(long[] offsets) => Array.ConvertAll(offsets, offset => (ulong)offset);
}
