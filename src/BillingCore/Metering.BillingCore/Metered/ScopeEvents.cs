using Metering.Aggregator.Engine.Meters;

namespace Metering.BillingCore.Metered;

/// <summary>Where a list of events goes on: after the event at these ticks, of this source and id.</summary>
internal readonly record struct EventPosition(long Ticks, string Source, string Id);

/// <summary>Single events of rating scopes, as stored. They are those that the seal has folded, in the version that counts; what the meter takes of them is for the reader to say.</summary>
internal static class ScopeEvents
{
    /// <summary>The rule of the view <c>usage_events</c>, for the records that the seal has folded: those up to its cut. Columns scope, ticks, source, id, data and subject, in the order of the first four.</summary>
    /// <param name="limit">Events of one scope.</param>
    public static string Text(string tenant, SealedUsage seal, MeterRevision meter, IReadOnlyList<ScopeRange> ranges, EventPosition? after, long limit, SqlValues sql)
    {
        string isFolded = $"tenant = {sql.Text(tenant)} AND off <= {sql.Add(seal.Cut, "Array(UInt64)")}[part + 1]";
        string later = after is { } last ? $" AND (w.ticks, w.source, w.id) > ({sql.Add(last.Ticks, "Int64")}, {sql.Text(last.Source)}, {sql.Text(last.Id)})" : "";
        return $"""
            WITH ranges AS ({ScopeRange.Table(ranges)}),
            corrections AS (
              SELECT target_hash, target_off, maxIf(off, kind = 'amend') AS amendment, countIf(kind = 'void') AS voids
              FROM usage_raw FINAL WHERE kind != 'use' AND {isFolded} GROUP BY target_hash, target_off),
            corrected AS (
              SELECT e.id_hash AS id_hash, e.off AS off, max(c.amendment) AS amendment, sum(c.voids) AS voids
              FROM (
                SELECT id_hash, off, born_void FROM usage_raw FINAL
                WHERE kind = 'use' AND {isFolded} AND id_hash IN (SELECT target_hash FROM corrections)) AS e
              JOIN corrections AS c ON c.target_hash = e.id_hash
              WHERE c.target_off = e.off OR (e.born_void = 1 AND c.target_off = 0)
              GROUP BY e.id_hash, e.off)
            SELECT r.scope AS scope, w.ticks, w.source, w.id, w.data, w.subject
            FROM (
              SELECT subject, reinterpretAsInt64(time) AS ticks, toInt64(toUnixTimestamp(time)) AS second, source, id, data
              FROM usage_raw FINAL
              WHERE {isFolded} AND type = {sql.Text(meter.Definition.EventType)} AND subject IN (SELECT subject FROM ranges) AND {ScopeRange.Between(ranges, "time", sql)}
                AND ((kind = 'use' AND (id_hash, off) NOT IN (SELECT id_hash, off FROM corrected))
                  OR (kind = 'amend' AND (target_hash, off) IN (SELECT id_hash, amendment FROM corrected WHERE voids = 0)))) AS w
            JOIN ranges AS r ON w.subject = r.subject
            WHERE w.second >= r.from_s AND w.second < r.to_s{later}
            ORDER BY scope, w.ticks, w.source, w.id
            LIMIT {sql.Add(limit, "UInt64")} BY scope
            """;
    }
}
