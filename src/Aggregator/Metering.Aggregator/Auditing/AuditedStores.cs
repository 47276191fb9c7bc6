using System.Globalization;
using ClickHouse.Driver.ADO.Readers;
using Metering.Aggregator.ClickHouse;
using Metering.Aggregator.Engine.Meters;
using Metering.Aggregator.Sealing;
using Metering.Storage.ClickHouse;
using Metering.Storage.Postgres;
using Npgsql;

namespace Metering.Aggregator.Auditing;

/// <summary>The audit's look-ups in PostgreSQL and ClickHouse.</summary>
internal sealed class AuditedStores(PostgresDatabase postgres, ClickHouseDatabase clickHouse) : IAuditedStores
{
    public async Task<IReadOnlyList<Progress>> ProgressAsync(CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = postgres.Source.Command("select part, confirmed, flush_no, records from partition_state order by part");
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        List<Progress> all = [];
        while (await reader.ReadAsync(cancellationToken))
        {
            all.Add(new Progress(reader.GetInt32(0), reader.GetInt64(1), reader.GetInt64(2), reader.GetInt64(3)));
        }

        return all;
    }

    public async Task<FlushTotals> FlushTotalsAsync(Progress progress, DateTime kept, CancellationToken cancellationToken)
    {
        await using ClickHouseDataReader reader = await clickHouse.QueryAsync(
            """
            WITH flushes AS (
              SELECT *, lagInFrame(hi) OVER (ORDER BY flush_no ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS before
              FROM flush_log FINAL WHERE part = {part:UInt16} AND flush_no <= {flush_no:UInt64}),
            (SELECT if(min(at) >= {kept:DateTime}, 0, maxIf(flush_no, at < {kept:DateTime}) + 1) FROM flushes) AS dropped
            SELECT count(), sum(records), sum(accepted), sum(duplicates), sum(dead), sum(ticks), countIf(lo <= before OR hi < lo), max(hi),
              sumIf(accepted, flush_no > dropped), hex(groupBitXorIf(reinterpretAsUInt128(id_xor), flush_no > dropped)), sumIf(dead, flush_no > dropped),
              minIf(lo, flush_no > dropped)
            FROM flushes
            """,
            [("part", progress.Part), ("flush_no", progress.FlushNo), ("kept", kept)],
            cancellationToken);
        await reader.ReadAsync(cancellationToken);
        long At(int column) => (long)reader.GetFieldValue<ulong>(column);
        return new FlushTotals(At(0), At(1), At(2), At(3), At(4), At(5), At(6), At(7), At(8), reader.GetString(9), At(10), At(11));
    }

    public async Task<RowTotals> RowTotalsAsync(Progress progress, long from, CancellationToken cancellationToken)
    {
        (string Name, object Value)[] range = [("part", progress.Part), ("from", from), ("to", progress.Confirmed)];
        await using ClickHouseDataReader raw = await clickHouse.QueryAsync(
            "SELECT count(), hex(groupBitXor(reinterpretAsUInt128(id_hash))) FROM usage_raw FINAL WHERE part = {part:UInt16} AND off BETWEEN {from:UInt64} AND {to:UInt64}", range, cancellationToken);
        await raw.ReadAsync(cancellationToken);
        await using ClickHouseDataReader dead = await clickHouse.QueryAsync(
            "SELECT count() FROM dead_letter FINAL WHERE part = {part:UInt16} AND off BETWEEN {from:UInt64} AND {to:UInt64}", range, cancellationToken);
        await dead.ReadAsync(cancellationToken);
        return new RowTotals((long)raw.GetFieldValue<ulong>(0), raw.GetString(1), (long)dead.GetFieldValue<ulong>(0));
    }

    public async Task<long> CountUnmatchedAsync(DateTimeOffset before, CancellationToken cancellationToken)
    {
        await using ClickHouseDataReader reader = await clickHouse.QueryAsync(
            """
            SELECT count() FROM usage_raw FINAL
            WHERE kind != 'use' AND target_off = 0 AND at < {before:DateTime} AND target_hash NOT IN (SELECT id_hash FROM usage_raw WHERE born_void = 1)
            """,
            [("before", before.UtcDateTime)],
            cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return (long)reader.GetFieldValue<ulong>(0);
    }

    public async Task<IReadOnlyList<string>> DaysAsync(CancellationToken cancellationToken)
    {
        await using ClickHouseDataReader reader = await clickHouse.QueryAsync(
            "SELECT toString(day) FROM (SELECT DISTINCT toDate(time) AS day FROM usage_raw WHERE kind != 'void' UNION DISTINCT SELECT DISTINCT toDate(minute) FROM usage_values) ORDER BY day DESC",
            [],
            cancellationToken);
        List<string> days = [];
        while (await reader.ReadAsync(cancellationToken))
        {
            days.Add(reader.GetString(0));
        }

        return days;
    }

    public Task ReadWindowsAsync(string day, Seal seal, long[] confirmed, MeterRevision[] meters, RowStream.TryRow tryRow, CancellationToken cancellationToken) =>
        RowStream.ReadAsync(clickHouse, WindowsSql(day, seal, confirmed, meters), tryRow, cancellationToken);

    private static string WindowsSql(string day, Seal seal, long[] confirmed, MeterRevision[] ready)
    {
        string meters = ready.Length == 0 ? "0" : string.Join(',', ready.Select(revision => revision.Number.ToString(CultureInfo.InvariantCulture)));
        string where = $"toDate(minute) = '{day}' AND meter IN ({meters})";
        return string.Create(CultureInfo.InvariantCulture, $"""
            SELECT tenant, meter, subject, minute, grp, v, vt, vid, sum(s) AS total, sum(n) AS events FROM (
              SELECT tenant, meter, subject, minute, grp, v, vt, vid, s, n FROM usage_window FINAL WHERE {where} AND seal_no <= {seal.Number}
              UNION ALL
              SELECT tenant, meter, subject, minute, grp, v, vt, vid, s, n FROM usage_delta FINAL
              WHERE {where} AND hi <= {Array(confirmed)}[part + 1] AND (hi > {Array(seal.Cut)}[part + 1] OR minute >= toDateTime('{seal.Upto.UtcDateTime:yyyy-MM-dd HH:mm:ss}', 'UTC')))
            GROUP BY tenant, meter, subject, minute, grp, v, vt, vid HAVING total != 0 OR events != 0
            """);
    }

    private static string Array(long[] offsets) =>
        "[" + string.Join(',', offsets.Select(offset => offset.ToString(CultureInfo.InvariantCulture))) + "]::Array(UInt64)";
}
