using System.Buffers;

namespace Metering.Host.Import;

/// <summary>Rows that are sent together.</summary>
/// <param name="number">Its place among the batches, from 0.</param>
internal sealed class RowBatch(long number)
{
    private readonly ArrayBufferWriter<byte> _body = new();
    private readonly List<(long Line, string Raw)> _rows = [];

    public long Number => number;

    public int Count => _rows.Count;

    public ReadOnlyMemory<byte> Body => _body.WrittenMemory;

    /// <summary>How many rows of the file precede the one after the batch.</summary>
    public long RowsRead { get; set; }

    public void Add(SourceRow row, byte[] json)
    {
        _rows.Add((row.Line, row.Raw));
        _body.Write(json);
        _body.Write("\n"u8);
    }

    public (long Line, string Raw) Row(int index) => _rows[index];
}
