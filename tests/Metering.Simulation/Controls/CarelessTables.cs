using Metering.Aggregator.Flushing;

namespace Metering.Simulation.Controls;

/// <summary>Without resend and verify: an insert whose answer is lost is taken for done.</summary>
internal sealed class CarelessTables(IFlushTables tables) : IFlushTables
{
    public async Task InsertAsync(string table, string[] columns, ReadOnlyMemory<byte> rows, CancellationToken cancellationToken)
    {
        try
        {
            await tables.InsertAsync(table, columns, rows, cancellationToken);
        }
        catch (HttpRequestException)
        {
            // The rows are probably there.
        }
    }

    public Task<StoredFlush> ReadBackAsync(int part, long lo, long hi, CancellationToken cancellationToken) => tables.ReadBackAsync(part, lo, hi, cancellationToken);

    public Task<int> LastPartAsync(CancellationToken cancellationToken) => tables.LastPartAsync(cancellationToken);

    public Task<HighestOffsets> HighestAsync(int part, CancellationToken cancellationToken) => tables.HighestAsync(part, cancellationToken);
}
