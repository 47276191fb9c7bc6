using System.Globalization;
using ClickHouse.Driver.ADO.Readers;
using Metering.Aggregator.ClickHouse;
using Metering.Aggregator.Engine.Flushing;
using Metering.Aggregator.Engine.Meters;
using Metering.Contracts;
using Metering.Storage.ClickHouse;

namespace Metering.Aggregator.House;

/// <summary>The events that count, from the raw table.</summary>
internal sealed class EffectiveEvents(ClickHouseDatabase database) : IEffectiveEvents
{
    public async Task<IReadOnlyList<RawDay>> DaysAsync(MeterRevision revision, long[] below, CancellationToken cancellationToken)
    {
        List<RawDay> days = [];
        await using ClickHouseDataReader reader = await database.QueryAsync(
            """
            SELECT DISTINCT toYYYYMM(at) AS month, toString(toDate(time)) AS day FROM usage_raw
            WHERE tenant = {tenant:String} AND type = {type:String} AND kind != 'void' AND off < {starts:Array(UInt64)}[part + 1] ORDER BY month, day
            """,
            [
                ("tenant", revision.Tenant), ("type", revision.Definition.EventType), ("starts", Array.ConvertAll(below, start => (ulong)start)),
            ],
            cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            days.Add(new RawDay(reader.GetFieldValue<uint>(0), reader.GetString(1)));
        }

        return days;
    }

    public Task ReadAsync(MeterRevision revision, RawDay day, long[] below, CountEvent count, CancellationToken cancellationToken)
    {
        string filter = string.Create(
            CultureInfo.InvariantCulture,
            $"tenant = {Quote(revision.Tenant)} AND type = {Quote(revision.Definition.EventType)} AND toYYYYMM(at) = {day.Month} AND toDate(time) = {Quote(day.Day)}");
        return ReadAsync(Sql(below, filter), count, cancellationToken);
    }

    public Task ReadAsync(string day, long[] below, CountEvent count, CancellationToken cancellationToken) =>
        ReadAsync(Sql(below, $"toDate(time) = {Quote(day)}"), count, cancellationToken);

    private Task ReadAsync(string sql, CountEvent count, CancellationToken cancellationToken) =>
        RowStream.ReadAsync(
            database,
            sql,
            (ref RowCursor row) =>
            {
                ReadOnlySpan<byte> tenant = row.String();
                ReadOnlySpan<byte> type = row.String();
                ReadOnlySpan<byte> subject = row.String();
                long ticks = row.Ticks();
                ReadOnlySpan<byte> data = row.String();
                EventIdentity identity = row.Identity();
                if (row.IsComplete)
                {
                    count(tenant, type, subject, ticks, data, identity);
                }

                return row.IsComplete;
            },
            cancellationToken);

    /// <param name="below">Per partition: rows with smaller offsets only.</param>
    /// <param name="filter">On the effective row: columns tenant, type, time, at, part, off.</param>
    private static string Sql(IEnumerable<long> below, string filter)
    {
        string bounds = "[" + string.Join(',', below.Select(offset => offset.ToString(CultureInfo.InvariantCulture))) + "]::Array(UInt64)";
        return $"""
            WITH corrections AS (
              SELECT target_hash, target_off, maxIf(off, kind = 'amend') AS amendment, countIf(kind = 'void') AS voids
              FROM usage_raw FINAL WHERE kind != 'use' AND off < {bounds}[part + 1] GROUP BY target_hash, target_off),
            corrected AS (
              SELECT e.id_hash AS id_hash, e.off AS off, max(c.amendment) AS amendment, sum(c.voids) AS voids
              FROM (
                SELECT id_hash, off, born_void FROM usage_raw FINAL
                WHERE kind = 'use' AND off < {bounds}[part + 1] AND id_hash IN (SELECT target_hash FROM corrections)) AS e
              JOIN corrections AS c ON c.target_hash = e.id_hash
              WHERE c.target_off = e.off OR (e.born_void = 1 AND c.target_off = 0)
              GROUP BY e.id_hash, e.off)
            SELECT tenant, type, subject, reinterpretAsInt64(time) AS ticks, data, if(kind = 'use', id_hash, target_hash) AS event_hash
            FROM usage_raw FINAL
            WHERE off < {bounds}[part + 1] AND ({filter})
              AND ((kind = 'use' AND (id_hash, off) NOT IN (SELECT id_hash, off FROM corrected))
                OR (kind = 'amend' AND (target_hash, off) IN (SELECT id_hash, amendment FROM corrected WHERE voids = 0)))
            """;
    }

    private static string Quote(string text) =>
        $"'{text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("'", "\\'", StringComparison.Ordinal)}'";
}
