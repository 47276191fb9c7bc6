using ClickHouse.Driver.ADO;
using Metering.Aggregator.Engine.Flushing;
using Metering.Storage.ClickHouse;

namespace Metering.Aggregator.ClickHouse;

/// <summary>Reads an answer row by row as RowBinary, in small pieces and without an object per row.</summary>
internal static class RowStream
{
    private const int InitialBuffer = 1 << 16;

    /// <summary>Reads one row and uses it, or returns false when the bytes end in the middle of it.</summary>
    public delegate bool TryRow(ref RowCursor row);

    /// <param name="sql">Without FORMAT.</param>
    public static async Task ReadAsync(ClickHouseDatabase database, string sql, TryRow tryRow, CancellationToken cancellationToken)
    {
        using ClickHouseRawResult result = await database.QueryRawAsync(sql + " FORMAT RowBinary", cancellationToken);
        await using Stream stream = await result.ReadAsStreamAsync();
        byte[] buffer = new byte[InitialBuffer];
        int filled = 0;
        while (true)
        {
            int read = await stream.ReadAsync(buffer.AsMemory(filled), cancellationToken);
            filled += read;
            int used = ReadRows(buffer.AsSpan(0, filled), tryRow);
            buffer.AsSpan(used, filled - used).CopyTo(buffer);
            filled -= used;
            if (read == 0)
            {
                break;
            }

            if (filled == buffer.Length)
            {
                Array.Resize(ref buffer, buffer.Length * 2);
            }
        }

        if (filled != 0)
        {
            throw new InvalidDataException("ClickHouse's answer ended in the middle of a row.");
        }
    }

    private static int ReadRows(ReadOnlySpan<byte> bytes, TryRow tryRow)
    {
        int used = 0;
        while (used < bytes.Length)
        {
            RowCursor row = new(bytes[used..]);
            if (!tryRow(ref row))
            {
                break;
            }

            used += row.Position;
        }

        return used;
    }
}
