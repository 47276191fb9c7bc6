using System.Globalization;
using ClickHouse.Driver.ADO.Readers;
using Metering.Aggregator.ClickHouse;
using Metering.Aggregator.Engine.Deduplication;
using Metering.Aggregator.Engine.Flushing;
using Metering.Contracts;
using Metering.Storage.ClickHouse;
using Metering.Storage.Postgres.Generations;

namespace Metering.Aggregator.Deduplication;

/// <summary>The dedup state in ClickHouse.</summary>
internal sealed class AcceptedRows(ClickHouseDatabase database, LogGeneration generation) : IAcceptedRows
{
    public Task AddAcceptedAsync(Deduplicator deduplicator, int part, long after, long before, long sinceMs, CancellationToken cancellationToken) =>
        RowStream.ReadAsync(
            database,
            string.Create(CultureInfo.InvariantCulture, $"""
                SELECT id_hash, payload_hash, toUnixTimestamp64Milli(at) FROM usage_raw
                WHERE {Of(part)} AND off > {after} AND off < {before} AND at >= fromUnixTimestamp64Milli(toInt64({sinceMs})) ORDER BY off
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
                WHERE {Of(part)} AND off < {before} AND kind != 'use' AND target_off = 0 AND at >= fromUnixTimestamp64Milli(toInt64({sinceMs})) ORDER BY off
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
            $"SELECT 1 FROM usage_raw WHERE {Of(part)} AND at < fromUnixTimestamp64Milli({{since:Int64}}) LIMIT 1",
            [("since", beforeMs)],
            cancellationToken);
        return await reader.ReadAsync(cancellationToken);
    }

    /// <summary>
    /// The rows that the partition answers for: its own, and those of earlier generations whose identities fall to it now. Every copy and every correction
    /// of an event is where the event is, and <see cref="EventIdentity.Partition"/> takes the last eight bytes, big end first.
    /// </summary>
    private string Of(int part) => generation.Number == 1
        ? string.Create(CultureInfo.InvariantCulture, $"part = {part}")
        : string.Create(CultureInfo.InvariantCulture, $"""
            (part = {part} OR (part < {generation.FirstPart}
              AND reinterpretAsUInt64(reverse(substring(if(kind = 'use', id_hash, target_hash), 9, 8))) % {generation.Partitions} = {part - generation.FirstPart}))
            """);

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
