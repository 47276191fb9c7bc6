using System.Globalization;
using System.Text;
using Metering.Aggregator.Auditing;
using Metering.Aggregator.ClickHouse;
using Metering.Aggregator.Engine.Flushing;
using Metering.Aggregator.Engine.Meters;
using Metering.Aggregator.Sealing;
using Metering.Contracts;
using Metering.Simulation.ClickHouse;
using Metering.Simulation.Postgres;
using Metering.Simulation.Running;

namespace Metering.Simulation.Auditing;

/// <summary>What the production audit reads.</summary>
internal sealed class AuditedStoresPort(SimulatedClickHouse clickHouse, PartitionTable partitions, Wire wire) : IAuditedStores
{
    public Task<IReadOnlyList<Progress>> ProgressAsync(CancellationToken cancellationToken) => wire.CallAsync<IReadOnlyList<Progress>>(
        "progress", () => [.. partitions.Rows.Select(row => new Progress(row.Part, row.Confirmed, row.FlushNo, row.Records))], cancellationToken);

    public Task<FlushTotals> FlushTotalsAsync(Progress progress, DateTime kept, CancellationToken cancellationToken) => wire.CallAsync(
        "flush totals",
        () =>
        {
            FlushRow[] rows = [.. clickHouse.Flushes.Rows.Where(row => row.Part == progress.Part && row.FlushNo <= progress.FlushNo).OrderBy(row => row.FlushNo)];
            long broken = rows.Index().Count(row => row.Item.Hi < row.Item.Lo || row.Item.Lo <= (row.Index == 0 ? 0 : rows[row.Index - 1].Hi));
            string xor = rows.Aggregate(default(EventIdentity), (sum, row) => sum ^ row.Xor).ToString();
            long accepted = rows.Sum(row => row.Accepted), dead = rows.Sum(row => row.Dead);
            return new FlushTotals(
                rows.Length, rows.Sum(row => row.Records), accepted, rows.Sum(row => row.Duplicates), dead, rows.Sum(row => row.Ticks), broken,
                rows.Length == 0 ? 0 : rows[^1].Hi, accepted, xor, dead, rows.Length == 0 ? 0 : rows[0].Lo);
        },
        cancellationToken);

    public Task<RowTotals> RowTotalsAsync(Progress progress, long from, CancellationToken cancellationToken) => wire.CallAsync(
        "row totals",
        () =>
        {
            ClickHouse.RawRow[] raw = [.. clickHouse.Raw.Rows.Where(row => row.Part == progress.Part && row.Offset >= from && row.Offset <= progress.Confirmed)];
            return new RowTotals(
                raw.Length, raw.Aggregate(default(EventIdentity), (sum, row) => sum ^ row.Identity).ToString(),
                clickHouse.DeadLetters.Rows.Count(row => row.Part == progress.Part && row.Offset >= from && row.Offset <= progress.Confirmed));
        },
        cancellationToken);

    public Task<long> CountUnmatchedAsync(DateTimeOffset before, CancellationToken cancellationToken) => Task.FromResult(0L);

    public Task<IReadOnlyList<string>> DaysAsync(CancellationToken cancellationToken) => wire.CallAsync<IReadOnlyList<string>>(
        "days",
        () => [.. clickHouse.Raw.Rows.Where(row => row.Kind != RecordKind.Void).Select(row => Day(new DateTime(row.Ticks)))
            .Concat(clickHouse.Values().Select(value => Day(SimulatedClickHouse.MinuteStart(value.Window.Minute).UtcDateTime)))
            .Distinct().OrderDescending(StringComparer.Ordinal)],
        cancellationToken);

    public async Task ReadWindowsAsync(string day, Seal seal, long[] confirmed, MeterRevision[] meters, RowStream.TryRow tryRow, CancellationToken cancellationToken)
    {
        HashSet<uint> numbers = [.. meters.Select(meter => (uint)meter.Number)];
        (WindowColumns Window, Quantity Sum, long Count)[] stored = await wire.CallAsync(
            "windows to audit",
            () => clickHouse.Windows.Rows.Where(row => row.SealNo <= seal.Number).Select(row => (row.Window, row.Sum, row.Count))
                .Concat(clickHouse.Deltas.Rows
                    .Where(row => row.Hi <= confirmed[row.Part] && (row.Hi > seal.Cut.ElementAtOrDefault(row.Part) || SimulatedClickHouse.MinuteStart(row.Window.Minute) >= seal.Upto))
                    .Select(row => (row.Window, row.Sum, row.Count)))
                .Where(one => numbers.Contains(one.Window.Meter) && Day(SimulatedClickHouse.MinuteStart(one.Window.Minute).UtcDateTime) == day).ToArray(),
            cancellationToken);
        foreach ((WindowColumns window, Quantity sum, long count) in stored)
        {
            using RowBuffer row = new();
            Write(row, window, sum, count);
            RowCursor cursor = new(row.Written.Span);
            tryRow(ref cursor);
        }
    }

    private static void Write(RowBuffer row, WindowColumns window, Quantity sum, long count)
    {
        row.String(Encoding.UTF8.GetBytes(window.Tenant));
        row.UInt32(window.Meter);
        row.String(Encoding.UTF8.GetBytes(window.Subject));
        row.Minute(window.Minute);
        row.Raw(Encoding.Latin1.GetBytes(window.Group));
        row.Decimal(window.V);
        row.Int64(window.Vt);
        row.Identity(window.Vid);
        row.Decimal(sum);
        row.Int64(count);
    }

    private static string Day(DateTime time) => time.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
}
