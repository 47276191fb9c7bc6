using System.Globalization;
using System.Text;
using Metering.Aggregator.Engine.Meters;
using Metering.Aggregator.House;
using Metering.Contracts;
using Metering.Simulation.Running;

namespace Metering.Simulation.ClickHouse;

/// <summary>The events that count below given offsets, as one process reads them.</summary>
internal sealed class EffectiveEventsPort(SimulatedClickHouse clickHouse, Wire wire) : IEffectiveEvents
{
    public Task<IReadOnlyList<RawDay>> DaysAsync(MeterRevision revision, long[] below, CancellationToken cancellationToken) => wire.CallAsync<IReadOnlyList<RawDay>>(
        "days to back-fill",
        () => [.. clickHouse.Raw.Rows
            .Where(row => row.Kind != RecordKind.Void && IsOf(row, revision) && row.Offset < below[row.Part]).Select(row => new RawDay(MonthOf(row), DayOf(row)))
            .Distinct().OrderBy(day => day.Month).ThenBy(day => day.Day, StringComparer.Ordinal)],
        cancellationToken);

    public async Task ReadAsync(MeterRevision revision, RawDay day, long[] below, CountEvent count, CancellationToken cancellationToken)
    {
        foreach (RawRow row in await wire.CallAsync("events to back-fill", () => Effective(below), cancellationToken))
        {
            if (IsOf(row, revision) && MonthOf(row) == day.Month && DayOf(row) == day.Day)
            {
                Count(row, count);
            }
        }
    }

    public async Task ReadAsync(string day, long[] below, CountEvent count, CancellationToken cancellationToken)
    {
        foreach (RawRow row in await wire.CallAsync("events to audit", () => Effective(below), cancellationToken))
        {
            if (DayOf(row) == day)
            {
                Count(row, count);
            }
        }
    }

    /// <summary>A correction belongs to the event it found, or to the one it waited for.</summary>
    private RawRow[] Effective(long[] below)
    {
        RawRow[] rows = [.. clickHouse.Raw.Rows.Where(row => row.Offset < below[row.Part])];
        ILookup<EventIdentity, RawRow> corrections = rows.Where(row => row.Kind != RecordKind.Use).ToLookup(row => row.Target);
        List<RawRow> effective = [];
        foreach (RawRow original in rows.Where(row => row.Kind == RecordKind.Use))
        {
            RawRow[] own = [.. corrections[original.Identity].Where(row => row.TargetOffset == original.Offset || (original.IsBornVoid && row.TargetOffset == 0))];
            if (!own.Any(row => row.Kind == RecordKind.Void))
            {
                effective.Add(own.Where(row => row.Kind == RecordKind.Amend).MaxBy(row => row.Offset) ?? original);
            }
        }

        return [.. effective];
    }

    private static void Count(RawRow row, CountEvent count) => count(
        Encoding.UTF8.GetBytes(row.Tenant), Encoding.UTF8.GetBytes(row.Type), Encoding.UTF8.GetBytes(row.Subject), row.Ticks, Encoding.UTF8.GetBytes(row.Data),
        row.Kind == RecordKind.Use ? row.Identity : row.Target);

    private static bool IsOf(RawRow row, MeterRevision revision) => row.Tenant == revision.Tenant && row.Type == revision.Definition.EventType;

    private static uint MonthOf(RawRow row) => uint.Parse(DateTimeOffset.FromUnixTimeMilliseconds(row.AtMs).ToString("yyyyMM", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);

    private static string DayOf(RawRow row) => new DateTime(row.Ticks).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
}
