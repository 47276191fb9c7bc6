using System.Globalization;
using System.Text.Json;
using ClickHouse.Driver.ADO.Readers;
using Metering.Aggregator.ClickHouse;
using Metering.Aggregator.Engine.Auditing;
using Metering.Aggregator.Engine.Meters;
using Metering.Aggregator.Engine.Windowing;
using Metering.Aggregator.House;
using Metering.Aggregator.Meters;
using Metering.Aggregator.Sealing;
using Metering.Contracts;
using Metering.Storage.ClickHouse;
using Metering.Storage.Postgres;
using Npgsql;

namespace Metering.Aggregator.Auditing;

/// <summary>
/// Compares, exactly: the progress in PostgreSQL with the flush records, these with the raw rows and dead letters, and the events counted
/// again with the windows and deltas. Reads only. Safe beside everything else, because it looks at confirmed offsets only.
/// </summary>
internal sealed class Auditor(PostgresDatabase postgres, ClickHouseDatabase clickHouse, MeterCatalog catalog, SealStore seals, HouseJobStore houseJobs, AggregatorOptions options, TimeProvider time)
{
    private const int MaxFindings = 100;

    /// <param name="windows">Whether to count the events again too, day by day; else only counts and checksums.</param>
    /// <param name="onDay">Told which day is next, of how many.</param>
    public async Task<AuditReport> RunAsync(bool windows, Action<string, int, int>? onDay, CancellationToken cancellationToken)
    {
        List<string> findings = [];
        AuditReport totals = await CompareFlushesAsync(findings, cancellationToken);
        long events = 0, rows = 0;
        MeterCatalog.Snapshot meters = await catalog.RefreshAsync(cancellationToken);
        if (windows)
        {
            IReadOnlyList<string> days = await DaysAsync(cancellationToken);
            for (int i = 0; i < days.Count && findings.Count < MaxFindings; i++)
            {
                onDay?.Invoke(days[i], i, days.Count);
                using Recomputation day = await RecomputeAsync(days[i], meters, cancellationToken);
                findings.AddRange(day.Differences().Take(MaxFindings).Select(difference => Describe(difference, meters)));
                events += day.Events;
                rows += day.Rows;
            }
        }

        int pending = meters.Entries.Count(entry => entry.State == RevisionState.Backfilling);
        long unmatched = await UnmatchedAsync(cancellationToken);
        return totals with { UnmatchedCorrections = unmatched, EventsRecomputed = events, WindowRows = rows, PendingMeters = pending, Findings = findings };
    }

    /// <summary>Records house jobs that add what the windows lack: one for each day that differs.</summary>
    /// <returns>How many differences there were; null when another repair is on its way, which this one would repeat.</returns>
    public async Task<int?> RepairAsync(CancellationToken cancellationToken)
    {
        Progress house = (await ProgressAsync(cancellationToken))[^1];
        List<string> jobs = [];
        int repaired = 0;
        MeterCatalog.Snapshot meters = await catalog.RefreshAsync(cancellationToken);
        foreach (string day in await DaysAsync(cancellationToken))
        {
            using Recomputation recomputed = await RecomputeAsync(day, meters, cancellationToken);
            RepairArgs[] differences = [.. recomputed.Differences().Select(one => new RepairArgs(
                one.Key.Tenant, one.Key.Meter, one.Key.Subject, one.Key.Minute, [.. one.Key.Group], one.Key.PointValue.ToString(), one.Key.PointTicks,
                one.Key.PointId.ToString(), one.Value.ToString(), one.Count))];
            if (differences.Length > 0)
            {
                jobs.Add(JsonSerializer.Serialize(differences, RepairJson.Default.RepairArgsArray));
                repaired += differences.Length;
            }
        }

        return jobs.Count == 0 || await houseJobs.AddRepairsAsync(jobs, house.Part, house.Confirmed, cancellationToken) ? repaired : null;
    }

    private async Task<AuditReport> CompareFlushesAsync(List<string> findings, CancellationToken cancellationToken)
    {
        AuditReport totals = new(time.GetUtcNow(), 0, 0, 0, 0, 0, 0, 0, 0, 0, findings);
        foreach (Progress progress in await ProgressAsync(cancellationToken))
        {
            FlushTotals flushes = await FlushTotalsAsync(progress, cancellationToken);
            RowTotals rows = await RowTotalsAsync(progress, flushes.FirstKept, cancellationToken);
            string partition = string.Create(CultureInfo.InvariantCulture, $"partition {progress.Part}");
            Expect(findings, $"{partition}: flush records", progress.FlushNo, flushes.Count);
            Expect(findings, $"{partition}: records confirmed", progress.Records, flushes.Records);
            Expect(findings, $"{partition}: records by outcome", flushes.Records, flushes.Accepted + flushes.Duplicates + flushes.Dead + flushes.Ticks);
            Expect(findings, $"{partition}: flushes that do not follow the one before", 0, flushes.Broken);
            Expect(findings, $"{partition}: confirmed offset", progress.Confirmed, flushes.HighestOffset);
            Expect(findings, $"{partition}: raw events", flushes.KeptAccepted, rows.Raw);
            Expect(findings, $"{partition}: checksum of identities", flushes.KeptXor, rows.Xor);
            Expect(findings, $"{partition}: dead letters", flushes.KeptDead, rows.Dead);
            totals = totals with
            {
                Records = totals.Records + flushes.Records,
                Accepted = totals.Accepted + flushes.Accepted,
                Duplicates = totals.Duplicates + flushes.Duplicates,
                DeadLetters = totals.DeadLetters + flushes.Dead,
                Ticks = totals.Ticks + flushes.Ticks,
            };
        }

        return totals;
    }

    private static void Expect<T>(List<string> findings, string what, T expected, T found)
    {
        if (!EqualityComparer<T>.Default.Equals(expected, found))
        {
            findings.Add(string.Create(CultureInfo.InvariantCulture, $"{what}: {found}, should be {expected}"));
        }
    }

    private async Task<IReadOnlyList<Progress>> ProgressAsync(CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = postgres.Source.Command("select part, confirmed, flush_no, records from partition_state order by part");
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        List<Progress> all = [];
        while (await reader.ReadAsync(cancellationToken))
        {
            all.Add(new Progress(reader.GetInt32(0), reader.GetInt64(1), reader.GetInt64(2), reader.GetInt64(3)));
        }

        return all;
    }

    private async Task<FlushTotals> FlushTotalsAsync(Progress progress, CancellationToken cancellationToken)
    {
        // A flush may hold rows of a month that retention has dropped; the first one kept whole is the one after the month's first.
        DateTime kept = Shortest(options.RawRetention, options.DeadLetterRetention) is { } retention ? MonthOf(time.GetUtcNow() - retention) : DateTime.UnixEpoch;
        await using ClickHouseDataReader reader = await clickHouse.QueryAsync(
            """
            WITH flushes AS (
              SELECT *, lagInFrame(hi) OVER (ORDER BY flush_no ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS before
              FROM flush_log FINAL WHERE part = {part:UInt16} AND flush_no <= {flush_no:UInt64}),
            (SELECT if(min(at) >= {kept:DateTime}, 0, maxIf(flush_no, at < {kept:DateTime}) + 1) FROM flushes) AS dropped
            SELECT count(), sum(records), sum(accepted), sum(duplicates), sum(dead), sum(ticks), countIf(lo <= before OR hi < lo), max(hi),
              sumIf(accepted, flush_no > dropped), hex(groupBitXorIf(reinterpretAsUInt128(id_xor), flush_no > dropped)), sumIf(dead, flush_no > dropped),
              minIf(lo, flush_no > dropped)
            FROM flushes
            """,
            [("part", progress.Part), ("flush_no", progress.FlushNo), ("kept", kept)],
            cancellationToken);
        await reader.ReadAsync(cancellationToken);
        long At(int column) => (long)reader.GetFieldValue<ulong>(column);
        return new FlushTotals(At(0), At(1), At(2), At(3), At(4), At(5), At(6), At(7), At(8), reader.GetString(9), At(10), At(11));
    }

    private async Task<RowTotals> RowTotalsAsync(Progress progress, long from, CancellationToken cancellationToken)
    {
        (string Name, object Value)[] range = [("part", progress.Part), ("from", from), ("to", progress.Confirmed)];
        await using ClickHouseDataReader raw = await clickHouse.QueryAsync(
            "SELECT count(), hex(groupBitXor(reinterpretAsUInt128(id_hash))) FROM usage_raw FINAL WHERE part = {part:UInt16} AND off BETWEEN {from:UInt64} AND {to:UInt64}", range, cancellationToken);
        await raw.ReadAsync(cancellationToken);
        await using ClickHouseDataReader dead = await clickHouse.QueryAsync(
            "SELECT count() FROM dead_letter FINAL WHERE part = {part:UInt16} AND off BETWEEN {from:UInt64} AND {to:UInt64}", range, cancellationToken);
        await dead.ReadAsync(cancellationToken);
        return new RowTotals((long)raw.GetFieldValue<ulong>(0), raw.GetString(1), (long)dead.GetFieldValue<ulong>(0));
    }

    private async Task<long> UnmatchedAsync(CancellationToken cancellationToken)
    {
        await using ClickHouseDataReader reader = await clickHouse.QueryAsync(
            """
            SELECT count() FROM usage_raw FINAL
            WHERE kind != 'use' AND target_off = 0 AND at < {before:DateTime} AND target_hash NOT IN (SELECT id_hash FROM usage_raw WHERE born_void = 1)
            """,
            [("before", (time.GetUtcNow() - options.Horizon).UtcDateTime)],
            cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return (long)reader.GetFieldValue<ulong>(0);
    }

    /// <summary>Every UTC day that has an event or a window.</summary>
    private async Task<IReadOnlyList<string>> DaysAsync(CancellationToken cancellationToken)
    {
        await using ClickHouseDataReader reader = await clickHouse.QueryAsync(
            "SELECT toString(day) FROM (SELECT DISTINCT toDate(time) AS day FROM usage_raw WHERE kind != 'void' UNION DISTINCT SELECT DISTINCT toDate(minute) FROM usage_values) ORDER BY day DESC",
            [],
            cancellationToken);
        List<string> days = [];
        while (await reader.ReadAsync(cancellationToken))
        {
            days.Add(reader.GetString(0));
        }

        return days;
    }

    /// <summary>One day counted again, less what is stored for it, both as of the offsets confirmed now.</summary>
    private async Task<Recomputation> RecomputeAsync(string day, MeterCatalog.Snapshot meters, CancellationToken cancellationToken)
    {
        MeterRevision[] ready = [.. meters.Entries.Where(entry => entry.State == RevisionState.Ready).Select(entry => entry.Revision)];
        (Seal seal, _) = await seals.LastAsync(cancellationToken);
        long[] confirmed = [.. (await ProgressAsync(cancellationToken)).Select(progress => progress.Confirmed)];
        Recomputation recomputation = new(new MeterSet(ready));
        await EffectiveEvents.ReadAsync(
            clickHouse, EffectiveEvents.Sql(confirmed.Select(offset => offset + 1), $"toDate(time) = '{day}'"), recomputation.AddEvent, cancellationToken);
        await RowStream.ReadAsync(clickHouse, StoredSql(day, seal, confirmed, ready), recomputation.TryTakeAway, cancellationToken);
        return recomputation;
    }

    private static string StoredSql(string day, Seal seal, long[] confirmed, MeterRevision[] ready)
    {
        string meters = ready.Length == 0 ? "0" : string.Join(',', ready.Select(revision => revision.Number.ToString(CultureInfo.InvariantCulture)));
        string where = $"toDate(minute) = '{day}' AND meter IN ({meters})";
        return string.Create(CultureInfo.InvariantCulture, $"""
            SELECT tenant, meter, subject, minute, grp, v, vt, vid, sum(s) AS total, sum(n) AS events FROM (
              SELECT tenant, meter, subject, minute, grp, v, vt, vid, s, n FROM usage_window FINAL WHERE {where} AND seal_no <= {seal.Number}
              UNION ALL
              SELECT tenant, meter, subject, minute, grp, v, vt, vid, s, n FROM usage_delta FINAL
              WHERE {where} AND hi <= {Array(confirmed)}[part + 1] AND (hi > {Array(seal.Cut)}[part + 1] OR minute >= toDateTime('{seal.Upto.UtcDateTime:yyyy-MM-dd HH:mm:ss}', 'UTC')))
            GROUP BY tenant, meter, subject, minute, grp, v, vt, vid HAVING total != 0 OR events != 0
            """);
    }

    private static string Array(long[] offsets) =>
        "[" + string.Join(',', offsets.Select(offset => offset.ToString(CultureInfo.InvariantCulture))) + "]::Array(UInt64)";

    private static string Describe((WindowKey Key, Quantity Value, long Count) difference, MeterCatalog.Snapshot meters)
    {
        WindowKey key = difference.Key;
        string slug = meters.Entries.FirstOrDefault(entry => entry.Revision.Number == key.Meter)?.Slug ?? "?";
        string minute = DateTimeOffset.UnixEpoch.AddMinutes(key.Minute).ToString("yyyy-MM-ddTHH:mmZ", CultureInfo.InvariantCulture);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"window {key.Tenant}/{slug}/{key.Subject} {minute} [{string.Join(", ", key.Group)}]: events say {difference.Count:+0;-0;0} events and {difference.Value} more than is stored");
    }

    private static TimeSpan? Shortest(TimeSpan? one, TimeSpan? other) => one is null || other < one ? other ?? one : one;

    private static DateTime MonthOf(DateTimeOffset instant) => new(instant.Year, instant.Month, 1, 0, 0, 0, DateTimeKind.Utc);

    private sealed record Progress(int Part, long Confirmed, long FlushNo, long Records);

    private sealed record FlushTotals(
        long Count, long Records, long Accepted, long Duplicates, long Dead, long Ticks, long Broken, long HighestOffset, long KeptAccepted, string KeptXor, long KeptDead, long FirstKept);

    private sealed record RowTotals(long Raw, string Xor, long Dead);
}
