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
            {CorrectedEvents.Tables(isFolded)}
            SELECT r.scope AS scope, w.ticks, w.source, w.id, w.data, w.subject
            FROM (
              SELECT subject, reinterpretAsInt64(time) AS ticks, toInt64(toUnixTimestamp(time)) AS second, source, id, data
              FROM usage_raw FINAL
              WHERE {isFolded} AND type = {sql.Text(meter.Definition.EventType)} AND subject IN (SELECT subject FROM ranges) AND {ScopeRange.Between(ranges, "time", sql)}
                AND {CorrectedEvents.Counts}) AS w
            JOIN ranges AS r ON w.subject = r.subject
            WHERE w.second >= r.from_s AND w.second < r.to_s{later}
            ORDER BY scope, w.ticks, w.source, w.id
            LIMIT {sql.Add(limit, "UInt64")} BY scope
            """;
    }
}
