using ClickHouse.Driver.ADO.Readers;
using Metering.Contracts;
using Metering.Storage.ClickHouse;

namespace Metering.Aggregator.Flushing;

/// <summary>The flush's tables in ClickHouse. Safe for concurrent use.</summary>
public sealed class FlushTables(ClickHouseDatabase database) : IFlushTables
{
    public Task InsertAsync(string table, string[] columns, ReadOnlyMemory<byte> rows, CancellationToken cancellationToken) =>
        database.InsertRowBinaryAsync(table, columns, rows, cancellationToken);

    public async Task<StoredFlush> ReadBackAsync(int part, long lo, long hi, CancellationToken cancellationToken)
    {
        (string Name, object Value)[] range = [("part", part), ("lo", lo), ("hi", hi)];
        await using ClickHouseDataReader raw = await OneRowAsync(
            """
            SELECT count(), hex(reinterpretAsFixedString(groupBitXor(reinterpretAsUInt128(id_hash)))) FROM usage_raw FINAL
            WHERE part = {part:UInt16} AND off BETWEEN {lo:UInt64} AND {hi:UInt64}
            """,
            range, cancellationToken);
        await using ClickHouseDataReader deltas = await OneRowAsync(
            "SELECT count(), sum(n), toString(sum(s)) FROM usage_delta FINAL WHERE part = {part:UInt16} AND lo = {lo:UInt64} AND hi = {hi:UInt64}", range, cancellationToken);
        await using ClickHouseDataReader dead = await OneRowAsync(
            "SELECT count() FROM dead_letter FINAL WHERE part = {part:UInt16} AND off BETWEEN {lo:UInt64} AND {hi:UInt64}", range, cancellationToken);
        await using ClickHouseDataReader records = await OneRowAsync(
            "SELECT count() FROM flush_log FINAL WHERE part = {part:UInt16} AND lo = {lo:UInt64} AND hi = {hi:UInt64}", range, cancellationToken);
        return new StoredFlush(
            (long)raw.GetFieldValue<ulong>(0), EventIdentity.Parse(raw.GetString(1)),
            (long)deltas.GetFieldValue<ulong>(0), deltas.GetFieldValue<long>(1), Quantity.Parse(deltas.GetString(2)),
            (long)dead.GetFieldValue<ulong>(0), (long)records.GetFieldValue<ulong>(0));
    }

    public async Task<int> LastPartAsync(CancellationToken cancellationToken)
    {
        await using ClickHouseDataReader reader = await OneRowAsync("SELECT max(part) FROM flush_mark", [], cancellationToken);
        return reader.GetFieldValue<ushort>(0);
    }

    public async Task<HighestOffsets> HighestAsync(int part, CancellationToken cancellationToken) => new(
        await MaxAsync("SELECT max(off) FROM usage_raw WHERE part = {part:UInt16}", part, cancellationToken),
        await MaxAsync("SELECT max(hi) FROM flush_log WHERE part = {part:UInt16}", part, cancellationToken),
        await MaxAsync("SELECT max(hi) FROM flush_mark WHERE part = {part:UInt16}", part, cancellationToken));

    private async Task<long> MaxAsync(string sql, int part, CancellationToken cancellationToken)
    {
        await using ClickHouseDataReader reader = await OneRowAsync(sql, [("part", part)], cancellationToken);
        return (long)reader.GetFieldValue<ulong>(0);
    }

    private async Task<ClickHouseDataReader> OneRowAsync(string sql, (string Name, object Value)[] parameters, CancellationToken cancellationToken)
    {
        ClickHouseDataReader reader = await database.QueryAsync(sql, parameters, cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return reader;
    }
}
