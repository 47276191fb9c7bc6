using System.Globalization;
using Metering.Aggregator.Retention;
using Metering.Aggregator.Sealing;
using Metering.Contracts;
using Metering.Simulation.Running;

namespace Metering.Simulation.ClickHouse;

/// <summary>Windows and deltas as one process reaches them.</summary>
internal sealed class WindowStorePort(World world, SimulatedClickHouse clickHouse, Wire wire) : IWindowStore, IRetainedRows
{
    public Task<WindowSum> SumDeltasAsync(Seal seal, Seal previous, CancellationToken cancellationToken) =>
        wire.CallAsync("sum deltas", () => Sum([.. clickHouse.Folded(seal, previous)]), cancellationToken);

    public Task<WindowSum> SumSealAsync(Seal seal, CancellationToken cancellationToken) =>
        wire.CallAsync("sum seal", () => Sum([.. clickHouse.Windows.Rows.Where(row => row.SealNo == seal.Number)]), cancellationToken);

    public Task FoldAsync(Seal seal, Seal previous, CancellationToken cancellationToken) => wire.CallAsync(
        "fold",
        () => Fold(seal, previous, () => true),
        cancellationToken,
        () => Fold(seal, previous, () => world.Chance(0.5)));

    public Task MarkAsync(Seal seal, CancellationToken cancellationToken) => wire.CallAsync("mark seal", () => clickHouse.SealMarks[seal.Number] = seal, cancellationToken);

    public Task<long> NewestMarkAsync(CancellationToken cancellationToken) => wire.CallAsync("newest mark", NewestMark, cancellationToken);

    public Task<long> CountCorrectionsAsync(Seal seal, Seal previous, CancellationToken cancellationToken) => wire.CallAsync(
        "count corrections",
        () => clickHouse.Windows.Rows.LongCount(row => row.SealNo == seal.Number && SimulatedClickHouse.MinuteStart(row.Window.Minute) < previous.Upto),
        cancellationToken);

    public Task<IReadOnlyList<string>> FoldedHoursAsync(DateTimeOffset before, Seal seal, CancellationToken cancellationToken) => wire.CallAsync<IReadOnlyList<string>>(
        "folded hours",
        () => [.. clickHouse.Deltas.Rows
            .Where(row => DateTimeOffset.FromUnixTimeSeconds(row.AtSeconds) < before)
            .GroupBy(row => HourOf(row.AtSeconds))
            .Where(hour => hour.All(row => SimulatedClickHouse.MinuteStart(row.Window.Minute) < seal.Upto && row.Hi <= seal.Cut[row.Part]))
            .Select(hour => hour.Key)],
        cancellationToken);

    public Task DropHourAsync(string hour, CancellationToken cancellationToken) => wire.CallAsync(
        $"drop hour {hour}",
        () =>
        {
            clickHouse.Deltas.Remove(row => HourOf(row.AtSeconds) == hour);
            return true;
        },
        cancellationToken);

    public Task<IReadOnlyList<string>> MonthsBelowAsync(string table, int month, CancellationToken cancellationToken) => Task.FromResult<IReadOnlyList<string>>([]);

    public Task DropMonthAsync(string table, string month, CancellationToken cancellationToken) => Task.CompletedTask;

    private long NewestMark() => clickHouse.SealMarks.Keys.LastOrDefault();

    private bool Fold(Seal seal, Seal previous, Func<bool> some)
    {
        if (NewestMark() < seal.Number)
        {
            clickHouse.Folded(seal, previous).Where(_ => some()).ToList().ForEach(clickHouse.Windows.Insert);
        }

        return true;
    }

    private static WindowSum Sum(WindowRow[] rows) => new(
        rows.Length, rows.Sum(row => row.Count).ToString(CultureInfo.InvariantCulture), rows.Aggregate(Quantity.Zero, (sum, row) => sum + row.Sum).ToString());

    private static string HourOf(uint seconds) => DateTimeOffset.FromUnixTimeSeconds(seconds - (seconds % 3600)).ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);
}
