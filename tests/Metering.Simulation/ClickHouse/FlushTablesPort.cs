using Metering.Aggregator.Flushing;
using Metering.Contracts;
using Metering.Simulation.Running;

namespace Metering.Simulation.ClickHouse;

/// <summary>The flush's tables as one process reaches them.</summary>
/// <param name="lies">
/// How likely an insert that failed once is answered with success and stores nothing, as insert tokens make it. Not for read marks: they are not
/// verified, because each flush and each start raises them again.
/// </param>
internal sealed class FlushTablesPort(World world, SimulatedClickHouse clickHouse, Wire wire, Func<double> lies) : IFlushTables
{
    private byte[]? _failed;

    public async Task InsertAsync(string table, string[] columns, ReadOnlyMemory<byte> rows, CancellationToken cancellationToken)
    {
        byte[] block = rows.ToArray();
        bool isLie = table != "flush_mark" && _failed is not null && block.AsSpan().SequenceEqual(_failed) && world.Chance(lies());
        if (isLie)
        {
            world.Tell($"{wire.Node.Name} insert {table}: success, and nothing is stored");
        }

        try
        {
            await wire.CallAsync(
                $"insert {table}",
                () =>
                {
                    clickHouse.Insert(table, block, () => !isLie);
                    return true;
                },
                cancellationToken,
                () => clickHouse.Insert(table, block, () => world.Chance(0.5)));
        }
        catch (HttpRequestException)
        {
            _failed = block;
            throw;
        }
    }

    public Task<StoredFlush> ReadBackAsync(int part, long lo, long hi, CancellationToken cancellationToken) => wire.CallAsync(
        "read back",
        () =>
        {
            RawRow[] raw = [.. clickHouse.Raw.Rows.Where(row => row.Part == part && row.Offset >= lo && row.Offset <= hi)];
            DeltaRow[] deltas = [.. clickHouse.Deltas.Rows.Where(row => row.Part == part && row.Lo == lo && row.Hi == hi)];
            return new StoredFlush(
                raw.Length, raw.Aggregate(default(EventIdentity), (xor, row) => xor ^ row.Identity),
                deltas.Length, deltas.Sum(row => row.Count), deltas.Aggregate(Quantity.Zero, (sum, row) => sum + row.Sum),
                clickHouse.DeadLetters.Rows.Count(row => row.Part == part && row.Offset >= lo && row.Offset <= hi),
                clickHouse.Flushes.Rows.Count(row => row.Part == part && row.Lo == lo && row.Hi == hi));
        },
        cancellationToken);

    public Task<int> LastPartAsync(CancellationToken cancellationToken) => Task.FromResult(0);

    public Task<HighestOffsets> HighestAsync(int part, CancellationToken cancellationToken) => wire.CallAsync(
        "highest offsets",
        () => new HighestOffsets(
            clickHouse.Raw.Rows.Where(row => row.Part == part).Select(row => row.Offset).DefaultIfEmpty().Max(),
            clickHouse.Flushes.Rows.Where(row => row.Part == part).Select(row => row.Hi).DefaultIfEmpty().Max(),
            clickHouse.FlushMarks.GetValueOrDefault(part)),
        cancellationToken);
}
