using System.Globalization;
using System.Text.Json;
using Metering.Aggregator.Engine.Auditing;
using Metering.Aggregator.Engine.Meters;
using Metering.Aggregator.Engine.Windowing;
using Metering.Aggregator.House;
using Metering.Aggregator.Meters;
using Metering.Aggregator.Sealing;
using Metering.Contracts;
using Metering.Storage.Postgres.Generations;

namespace Metering.Aggregator.Auditing;

/// <summary>
/// Compares, exactly: the progress in PostgreSQL with the flush records, these with the raw rows and dead letters, and the events counted
/// again with the windows and deltas. Reads only. Safe beside everything else, because it looks at confirmed offsets only.
/// </summary>
internal sealed class Auditor(
    IAuditedStores stores, IEffectiveEvents events, MeterCatalog catalog, ISealStore seals, IHouseJobStore houseJobs, LogGeneration generation, AggregatorOptions options, TimeProvider time)
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
            IReadOnlyList<string> days = await stores.DaysAsync(cancellationToken);
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
        long unmatched = await stores.CountUnmatchedAsync(time.GetUtcNow() - options.Horizon, cancellationToken);
        return totals with { UnmatchedCorrections = unmatched, EventsRecomputed = events, WindowRows = rows, PendingMeters = pending, Findings = findings };
    }

    /// <summary>Records house jobs that add what the windows lack: one for each day that differs.</summary>
    /// <returns>How many differences there were; null when another repair is on its way, which this one would repeat.</returns>
    /// <exception cref="RepairRefusedException">Raw events are missing or changed: windows that agreed with what is left would lose usage.</exception>
    public async Task<int?> RepairAsync(CancellationToken cancellationToken)
    {
        await CheckRawAsync(cancellationToken);
        Progress house = (await stores.ProgressAsync(cancellationToken))[generation.House];
        List<string> jobs = [];
        int repaired = 0;
        MeterCatalog.Snapshot meters = await catalog.RefreshAsync(cancellationToken);
        foreach (string day in await stores.DaysAsync(cancellationToken))
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

    private async Task CheckRawAsync(CancellationToken cancellationToken)
    {
        List<string> findings = [];
        DateTime kept = KeptSince();
        foreach (Progress progress in await stores.ProgressAsync(cancellationToken))
        {
            FlushTotals flushes = await stores.FlushTotalsAsync(progress, kept, cancellationToken);
            CompareRaw(findings, progress, flushes, await stores.RowTotalsAsync(progress, flushes.FirstKept, cancellationToken));
        }

        if (findings.Count > 0)
        {
            throw new RepairRefusedException($"Windows are repaired from the raw events, and these are not whole: {string.Join("; ", findings)}.");
        }
    }

    private static void CompareRaw(List<string> findings, Progress progress, FlushTotals flushes, RowTotals rows)
    {
        string partition = Partition(progress);
        Expect(findings, $"{partition}: raw events", flushes.KeptAccepted, rows.Raw);
        Expect(findings, $"{partition}: checksum of identities", flushes.KeptXor, rows.Xor);
    }

    private static string Partition(Progress progress) => string.Create(CultureInfo.InvariantCulture, $"partition {progress.Part}");

    /// <summary>A flush may hold rows of a month that retention has dropped; the first one kept whole is the one after the month's first.</summary>
    private DateTime KeptSince() => Shortest(options.RawRetention, options.DeadLetterRetention) is { } retention ? MonthOf(time.GetUtcNow() - retention) : DateTime.UnixEpoch;

    private async Task<AuditReport> CompareFlushesAsync(List<string> findings, CancellationToken cancellationToken)
    {
        AuditReport totals = new(time.GetUtcNow(), 0, 0, 0, 0, 0, 0, 0, 0, 0, findings);
        DateTime kept = KeptSince();
        foreach (Progress progress in await stores.ProgressAsync(cancellationToken))
        {
            FlushTotals flushes = await stores.FlushTotalsAsync(progress, kept, cancellationToken);
            RowTotals rows = await stores.RowTotalsAsync(progress, flushes.FirstKept, cancellationToken);
            string partition = Partition(progress);
            Expect(findings, $"{partition}: flush records", progress.FlushNo, flushes.Count);
            Expect(findings, $"{partition}: records confirmed", progress.Records, flushes.Records);
            Expect(findings, $"{partition}: records by outcome", flushes.Records, flushes.Accepted + flushes.Duplicates + flushes.Dead + flushes.Ticks);
            Expect(findings, $"{partition}: flushes that do not follow the one before", 0, flushes.Broken);
            Expect(findings, $"{partition}: confirmed offset", progress.Confirmed, HasOnlyBegun(progress) ? progress.Confirmed : flushes.HighestOffset);
            CompareRaw(findings, progress, flushes, rows);
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

    /// <summary>A partition of a later generation is confirmed up to where the generation begins, without a flush that says so.</summary>
    private bool HasOnlyBegun(Progress progress) => generation.Number > 1 && progress.FlushNo == 0;

    private static void Expect<T>(List<string> findings, string what, T expected, T found)
    {
        if (!EqualityComparer<T>.Default.Equals(expected, found))
        {
            findings.Add(string.Create(CultureInfo.InvariantCulture, $"{what}: {found}, should be {expected}"));
        }
    }

    /// <summary>One day counted again, less what is stored for it, both as of the offsets confirmed now.</summary>
    private async Task<Recomputation> RecomputeAsync(string day, MeterCatalog.Snapshot meters, CancellationToken cancellationToken)
    {
        MeterRevision[] ready = [.. meters.Entries.Where(entry => entry.State == RevisionState.Ready).Select(entry => entry.Revision)];
        (Seal seal, _) = await seals.LastAsync(cancellationToken);
        long[] confirmed = [.. (await stores.ProgressAsync(cancellationToken)).Select(progress => progress.Confirmed)];
        Recomputation recomputation = new(new MeterSet(ready));
        await events.ReadAsync(day, [.. confirmed.Select(offset => offset + 1)], recomputation.AddEvent, cancellationToken);
        await stores.ReadWindowsAsync(day, seal, confirmed, ready, recomputation.TryTakeAway, cancellationToken);
        return recomputation;
    }

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
}
