using Metering.Aggregator.Engine.Flushing;
using Metering.Aggregator.Partitions;

namespace Metering.Aggregator.Flushing;

/// <summary>
/// Sends built flushes to ClickHouse: one block per table for all partitions. In doubt the same bytes are sent again, which changes nothing
/// because rows are identities, and then counted.
/// </summary>
public sealed class FlushSink(IFlushTables tables)
{
    private static readonly string[] s_logColumns =
    [
        "part", "flush_no", "lo", "hi", "records", "accepted", "duplicates", "dead", "ticks", "id_xor", "delta_rows", "delta_n", "delta_s", "at",
    ];

    private static readonly string[] s_markColumns = ["part", "hi"];

    /// <summary>Returns when every row is on disk. Any exception means: unknown, send again.</summary>
    public async Task InsertAsync(IReadOnlyList<NumberedFlush> flushes, CancellationToken cancellationToken)
    {
        await Task.WhenAll(
            InsertTableAsync(Tables.Raw, Tables.RawColumns, flushes, flush => flush.Raw, cancellationToken),
            InsertTableAsync(Tables.DeadLetter, Tables.DeadLetterColumns, flushes, flush => flush.DeadLetters, cancellationToken),
            InsertTableAsync(Tables.Delta, Tables.DeltaColumns, flushes, flush => flush.Deltas, cancellationToken));
        using RowBuffer log = new();
        foreach (NumberedFlush flush in flushes)
        {
            WriteLogRow(log, flush);
        }

        await tables.InsertAsync("flush_log", s_logColumns, log.Written, cancellationToken);
    }

    /// <summary>Compares what arrived with what was sent. Needed only after a doubt.</summary>
    /// <exception cref="PartitionStoppedException">They differ.</exception>
    public async Task VerifyAsync(Flush flush, CancellationToken cancellationToken)
    {
        StoredFlush stored = await tables.ReadBackAsync(flush.Partition, flush.Lo, flush.Hi, cancellationToken);
        Compare(flush, "raw rows", (flush.Accepted, flush.IdentityXor), (stored.Raw, stored.IdentityXor));
        Compare(flush, "deltas", (flush.Deltas.Rows, flush.DeltaCount, flush.DeltaValue), (stored.Deltas, stored.DeltaCount, stored.DeltaValue));
        Compare(flush, "dead letters", flush.Dead, stored.DeadLetters);
        Compare(flush, "flush records", 1L, stored.FlushRecords);
    }

    /// <summary>
    /// Lets readers see everything up to the confirmed offsets. A late smaller mark loses, so 0 for every partition is the way to have a row
    /// for each, which the views count on.
    /// </summary>
    public Task MarkAsync(IEnumerable<(int Part, long Hi)> marks, CancellationToken cancellationToken)
    {
        using RowBuffer rows = new();
        foreach ((int part, long hi) in marks)
        {
            rows.UInt16((ushort)part);
            rows.UInt64((ulong)hi);
            rows.EndRow();
        }

        return tables.InsertAsync("flush_mark", s_markColumns, rows.Written.ToArray(), cancellationToken);
    }

    private async Task InsertTableAsync(
        string table, string[] columns, IReadOnlyList<NumberedFlush> flushes, Func<Flush, RowBuffer> rowsOf, CancellationToken cancellationToken)
    {
        List<RowBuffer> buffers = [.. flushes.Select(flush => rowsOf(flush.Flush)).Where(rows => rows.Rows > 0)];
        if (buffers.Count == 0)
        {
            return;
        }

        if (buffers.Count == 1)
        {
            await tables.InsertAsync(table, columns, buffers[0].Written, cancellationToken);
            return;
        }

        using RowBuffer block = new();
        buffers.ForEach(block.Append);
        await tables.InsertAsync(table, columns, block.Written, cancellationToken);
    }

    private static void WriteLogRow(RowBuffer log, NumberedFlush numbered)
    {
        Flush flush = numbered.Flush;
        log.UInt16((ushort)flush.Partition);
        log.UInt64((ulong)numbered.Number);
        log.UInt64((ulong)flush.Lo);
        log.UInt64((ulong)flush.Hi);
        log.UInt64((ulong)flush.Records);
        log.UInt64((ulong)flush.Accepted);
        log.UInt64((ulong)flush.Duplicates);
        log.UInt64((ulong)flush.Dead);
        log.UInt64((ulong)flush.Ticks);
        log.Identity(flush.IdentityXor);
        log.UInt64((ulong)flush.Deltas.Rows);
        log.Int64(flush.DeltaCount);
        log.Decimal(flush.DeltaValue);
        log.Int64(flush.AtMs);
        log.EndRow();
    }

    private static void Compare<T>(Flush flush, string what, T sent, T found)
        where T : struct, IEquatable<T>
    {
        if (!sent.Equals(found))
        {
            throw new PartitionStoppedException(flush.Partition, $"{what} of offsets {flush.Lo} to {flush.Hi} are {found} (count, checksum), sent were {sent}");
        }
    }
}

/// <summary>A built flush and its number: one above the partition's last confirmed one.</summary>
public sealed record NumberedFlush(Flush Flush, long Number);
