using System.Globalization;
using ClickHouse.Driver.ADO.Readers;
using Metering.Aggregator.ClickHouse;
using Metering.Aggregator.Engine.Deduplication;
using Metering.Aggregator.Engine.Flushing;
using Metering.Contracts;
using Metering.Storage.ClickHouse;

namespace Metering.Aggregator.Deduplication;

/// <summary>The dedup state in ClickHouse.</summary>
internal sealed class AcceptedRows(ClickHouseDatabase database) : IAcceptedRows
{
    public Task AddAcceptedAsync(Deduplicator deduplicator, int part, long after, long before, long sinceMs, CancellationToken cancellationToken) =>
        RowStream.ReadAsync(
            database,
            string.Create(CultureInfo.InvariantCulture, $"""
                SELECT id_hash, payload_hash, toUnixTimestamp64Milli(at) FROM usage_raw
                WHERE part = {part} AND off > {after} AND off < {before} AND at >= fromUnixTimestamp64Milli(toInt64({sinceMs})) ORDER BY off
                """),
            (ref RowCursor row) =>
            {
                EventIdentity identity = row.Identity();
                ulong payloadHash = row.UInt64();
                long atMs = row.Int64();
                if (row.IsComplete)
                {
                    deduplicator.Add(identity, payloadHash, atMs);
                }

                return row.IsComplete;
            },
            cancellationToken);

    public Task AddAwaitedAsync(Deduplicator deduplicator, int part, long before, long sinceMs, CancellationToken cancellationToken) =>
        RowStream.ReadAsync(
            database,
            string.Create(CultureInfo.InvariantCulture, $"""
                SELECT target_hash, toUnixTimestamp64Milli(at) FROM usage_raw
                WHERE part = {part} AND off < {before} AND kind != 'use' AND target_off = 0 AND at >= fromUnixTimestamp64Milli(toInt64({sinceMs})) ORDER BY off
                """),
            (ref RowCursor row) =>
            {
                EventIdentity target = row.Identity();
                long atMs = row.Int64();
                if (row.IsComplete)
                {
                    deduplicator.Await(target, atMs);
                }

                return row.IsComplete;
            },
            cancellationToken);

    public async Task<bool> AnyBeforeAsync(int part, long beforeMs, CancellationToken cancellationToken)
    {
        await using ClickHouseDataReader reader = await database.QueryAsync(
            "SELECT 1 FROM usage_raw WHERE part = {part:UInt16} AND at < fromUnixTimestamp64Milli({since:Int64}) LIMIT 1",
            [("part", part), ("since", beforeMs)],
            cancellationToken);
        return await reader.ReadAsync(cancellationToken);
    }

    public async Task<bool> AnyBetweenAsync(int part, long afterFlush, long beforeFlush, long sinceMs, CancellationToken cancellationToken)
    {
        await using ClickHouseDataReader reader = await database.QueryAsync(
            """
            SELECT 1 FROM flush_log
            WHERE part = {part:UInt16} AND flush_no > {last:UInt64} AND flush_no < {first:UInt64} AND accepted > 0 AND at >= fromUnixTimestamp64Milli({since:Int64}) LIMIT 1
            """,
            [("part", part), ("last", afterFlush), ("first", beforeFlush), ("since", sinceMs)],
            cancellationToken);
        return await reader.ReadAsync(cancellationToken);
    }

    public async Task<AcceptedSum> SumAsync(int part, long firstFlush, long lastFlush, CancellationToken cancellationToken)
    {
        await using ClickHouseDataReader reader = await database.QueryAsync(
            """
            SELECT sum(accepted), hex(reinterpretAsFixedString(groupBitXor(reinterpretAsUInt128(id_xor)))), max(hi), count() FROM flush_log FINAL
            WHERE part = {part:UInt16} AND flush_no BETWEEN {first:UInt64} AND {last:UInt64}
            """,
            [("part", part), ("first", firstFlush), ("last", lastFlush)],
            cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return new AcceptedSum(
            (long)reader.GetFieldValue<ulong>(0), EventIdentity.Parse(reader.GetString(1)), (long)reader.GetFieldValue<ulong>(2), (long)reader.GetFieldValue<ulong>(3));
    }
}
