using System.Globalization;
using Metering.Aggregator.ClickHouse;
using Metering.Aggregator.Engine.Flushing;
using Metering.Contracts;
using Metering.Storage.ClickHouse;

namespace Metering.Aggregator.House;

/// <summary>
/// SQL for the events that count below given offsets: not voided, in their last version. The back-fill and the audit read events this way
/// and run them through the engine.
/// </summary>
internal static class EffectiveEvents
{
    /// <summary>Streams the events to whatever counts them.</summary>
    public static Task ReadAsync(ClickHouseDatabase database, string sql, CountEvent count, CancellationToken cancellationToken) =>
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
    public static string Sql(IEnumerable<long> below, string filter)
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
}

/// <summary>What counts an event: a flush that back-fills, or an audit.</summary>
internal delegate void CountEvent(
    ReadOnlySpan<byte> tenant, ReadOnlySpan<byte> type, ReadOnlySpan<byte> subject, long timeTicks, ReadOnlySpan<byte> data, EventIdentity identity);
