using Metering.Aggregator.Engine.Flushing;
using Metering.Aggregator.Sealing;
using Metering.Simulation.Running;

namespace Metering.Simulation.ClickHouse;

/// <summary>The tables, and what the readers' view makes of them.</summary>
/// <param name="world">Where it runs.</param>
/// <param name="readsFinal">False for a ClickHouse whose reads do not collapse resent rows.</param>
internal sealed class SimulatedClickHouse(World world, bool readsFinal)
{
    private delegate T ReadRow<T>(ref RowCursor row);

    public Table<(int, long), RawRow> Raw { get; } = new(row => (row.Part, row.Offset)) { ReadsFinal = readsFinal, Changed = Violate<RawRow>(world) };

    public Table<(WindowColumns, int, long), DeltaRow> Deltas { get; } = new(row => (row.Window, row.Part, row.Lo)) { ReadsFinal = readsFinal, Changed = Violate<DeltaRow>(world) };

    public Table<(int, long, string), DeadLetterRow> DeadLetters { get; } = new(row => (row.Part, row.Offset, row.Code)) { ReadsFinal = readsFinal };

    public Table<(int, long), FlushRow> Flushes { get; } = new(row => (row.Part, row.FlushNo)) { ReadsFinal = readsFinal, Changed = Violate<FlushRow>(world) };

    public Table<(WindowColumns, long), WindowRow> Windows { get; } = new(row => (row.Window, row.SealNo)) { ReadsFinal = readsFinal, Changed = Violate<WindowRow>(world) };

    public SortedDictionary<int, long> FlushMarks { get; } = [];

    public SortedDictionary<long, Seal> SealMarks { get; } = [];

    /// <summary>Every delta that was ever there: deltas are dropped after a while.</summary>
    public Dictionary<(WindowColumns, int, long), DeltaRow> DeltasEver { get; } = [];

    /// <param name="some">Which rows of the block make it.</param>
    public void Insert(string table, ReadOnlyMemory<byte> block, Func<bool> some)
    {
        switch (table)
        {
            case Tables.Raw:
                Read(block, RowReading.Raw).Where(_ => some()).ToList().ForEach(Raw.Insert);
                break;
            case Tables.Delta:
                Read(block, RowReading.Delta).Where(_ => some()).ToList().ForEach(InsertDelta);
                break;
            case Tables.DeadLetter:
                Read(block, RowReading.DeadLetter).Where(_ => some()).ToList().ForEach(DeadLetters.Insert);
                break;
            case "flush_log":
                Read(block, RowReading.Flush).Where(_ => some()).ToList().ForEach(Flushes.Insert);
                break;
            case "flush_mark":
                Read(block, RowReading.Mark).Where(_ => some()).ToList().ForEach(mark => FlushMarks[mark.Part] = Math.Max(mark.Hi, FlushMarks.GetValueOrDefault(mark.Part)));
                break;
            default:
                throw new InvalidOperationException($"The simulated ClickHouse has no table {table}.");
        }
    }

    /// <summary>What plain SQL on <c>usage_values</c> sees: the newest seal whose cut the flush marks have reached, and the deltas above it.</summary>
    public IEnumerable<(WindowColumns Window, Contracts.Quantity Sum, long Count)> Values()
    {
        Seal seal = SealMarks.Values.LastOrDefault(one => one.Cut.Index().All(cut => cut.Item <= FlushMarks.GetValueOrDefault(cut.Index))) ?? Seal.None;
        return Windows.Rows.Where(row => row.SealNo <= seal.Number).Select(row => (row.Window, row.Sum, row.Count))
            .Concat(Deltas.Rows
                .Where(row => row.Hi <= FlushMarks.GetValueOrDefault(row.Part) && (row.Hi > seal.Cut.ElementAtOrDefault(row.Part) || MinuteStart(row.Window.Minute) >= seal.Upto))
                .Select(row => (row.Window, row.Sum, row.Count)));
    }

    /// <summary>The deltas a seal folds, as its statement says.</summary>
    public IEnumerable<WindowRow> Folded(Seal seal, Seal previous) => Deltas.Rows
        .Where(row => MinuteStart(row.Window.Minute) < seal.Upto && row.Hi <= seal.Cut[row.Part]
            && (row.Hi > previous.Cut.ElementAtOrDefault(row.Part) || MinuteStart(row.Window.Minute) >= previous.Upto))
        .GroupBy(row => row.Window)
        .Select(group => new WindowRow(
            group.Key, seal.Number, seal.SealedAt, group.Aggregate(Contracts.Quantity.Zero, (sum, row) => sum + row.Sum), group.Sum(row => row.Count)));

    public static DateTimeOffset MinuteStart(int minute) => DateTimeOffset.UnixEpoch.AddMinutes(minute);

    private void InsertDelta(DeltaRow row)
    {
        Deltas.Insert(row);
        DeltasEver[(row.Window, row.Part, row.Lo)] = row;
    }

    private static List<T> Read<T>(ReadOnlyMemory<byte> block, ReadRow<T> readRow)
    {
        List<T> rows = [];
        for (int at = 0; at < block.Length;)
        {
            RowCursor cursor = new(block.Span[at..]);
            rows.Add(readRow(ref cursor));
            at += cursor.IsComplete ? cursor.Position : throw new InvalidDataException("A block ended in the middle of a row.");
        }

        return rows;
    }

    private static Action<T, T> Violate<T>(World world) => (stored, sent) => world.Violate($"a row was sent again with other content: {stored} and {sent}");
}
