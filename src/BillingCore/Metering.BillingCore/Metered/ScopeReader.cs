using System.Globalization;
using ClickHouse.Driver.ADO.Readers;
using Metering.Aggregator.Engine.Meters;
using Metering.Billing.Catalog;
using Metering.Billing.Rating;
using Metering.Billing.Simulation;
using Metering.Storage.ClickHouse;

namespace Metering.BillingCore.Metered;

/// <summary>
/// Usage of many rating scopes in one statement: all subjects and all active minutes of a scope are one set. Points are summed up first and those that came to nothing
/// dropped, so that what was voided is gone from every aggregation.
/// </summary>
internal sealed class ScopeReader(ClickHouseDatabase database, string tenant, SealedUsage seal, int maxEvents)
{
    /// <summary>Of each scope that has usage; the ranges name scopes by their index.</summary>
    /// <exception cref="TooManyEventsException">A scope whose events are priced one by one has more than may be.</exception>
    public async Task<Dictionary<int, Usage>> ReadAsync(MeterRevision meter, UsageNeed need, IEnumerable<ScopeRange> ranges, CancellationToken cancellationToken)
    {
        Dictionary<int, Usage> usage = [];
        foreach (List<ScopeRange> chunk in ScopeRange.Chunks(ranges))
        {
            await (need.IsOfEvents ? EventsAsync(usage, meter, need, chunk, cancellationToken) : QuantitiesAsync(usage, meter, need, chunk, cancellationToken));
        }

        return usage;
    }

    private async Task QuantitiesAsync(Dictionary<int, Usage> usage, MeterRevision meter, UsageNeed need, List<ScopeRange> ranges, CancellationToken cancellationToken)
    {
        SqlValues sql = new();
        Dictionary<int, List<CellUsage>> cells = [];
        await using ClickHouseDataReader reader = await database.QueryAsync(QuantityText(meter, need, ranges, sql), sql.Parameters, cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            int scope = (int)reader.GetFieldValue<uint>(0);
            Usage quantity = Usage.Of(AggregateColumns.QuantityOf(reader, 1 + need.Dimensions.Count, meter.Definition.Aggregation));
            if (need.Dimensions.Count == 0)
            {
                usage[scope] = quantity;
                continue;
            }

            if (!cells.TryGetValue(scope, out List<CellUsage>? list))
            {
                cells.Add(scope, list = []);
            }

            list.Add(new CellUsage(new CellKey(need.Dimensions.Index().Select(one => KeyValuePair.Create(one.Item, reader.GetString(1 + one.Index)))), quantity));
        }

        foreach ((int scope, List<CellUsage> list) in cells)
        {
            usage[scope] = Usage.OfCells(list);
        }
    }

    private async Task EventsAsync(Dictionary<int, Usage> usage, MeterRevision meter, UsageNeed need, List<ScopeRange> ranges, CancellationToken cancellationToken)
    {
        SqlValues sql = new();
        await using ClickHouseDataReader reader = await database.QueryAsync(EventText(meter, ranges, sql), sql.Parameters, cancellationToken);
        EventCollector collector = new(meter, need.Dimensions, need.Source);
        int? scope = null;
        while (await reader.ReadAsync(cancellationToken))
        {
            int next = (int)reader.GetFieldValue<uint>(0);
            if (scope is { } done && next != done)
            {
                usage[done] = Collect(collector);
            }

            scope = next;
            collector.Add(reader.GetInt64(1), $"{reader.GetString(2)}/{reader.GetString(3)}", reader.GetString(4));
        }

        if (scope is { } last)
        {
            usage[last] = Collect(collector);
        }
    }

    private Usage Collect(EventCollector collector)
    {
        (int read, Usage usage) = collector.Take();
        return read > maxEvents ? throw new TooManyEventsException(maxEvents) : usage;
    }

    private string QuantityText(MeterRevision meter, UsageNeed need, List<ScopeRange> ranges, SqlValues sql)
    {
        Aggregation aggregation = meter.Definition.Aggregation;
        List<string> dimensions = [.. meter.Definition.GroupBy.Keys];
        string Column(string dimension) => string.Create(CultureInfo.InvariantCulture, $"w.grp[{dimensions.IndexOf(dimension) + 1}]");
        string[] names = [.. need.Dimensions.Index().Select(entry => string.Create(CultureInfo.InvariantCulture, $", g{entry.Index}"))];
        string columns = string.Concat(need.Dimensions.Zip(names, (dimension, name) => $", {Column(dimension)} AS {name[2..]}"));
        string filter = string.Concat(need.Source.Filter.Select(one => $" AND {Column(one.Key)} IN {sql.Texts(one.Value)}"));
        string groups = string.Concat(names);
        string points = aggregation.KeepsPoints() ? ", v, vt, vid" : "";
        return $"""
            WITH ranges AS ({ScopeRange.Table(ranges)})
            SELECT scope{groups}, toString(sum(ps)) AS total, toInt64(sum(pn)) AS events, {AggregateColumns.Value(aggregation)} AS value
            FROM (
              SELECT r.scope AS scope{columns}{points}, sum(toDecimal256(w.s, 12)) AS ps, sum(w.n) AS pn
              FROM (
                SELECT subject, minute, grp, v, vt, vid, s, n FROM usage_window FINAL
                WHERE tenant = {sql.Text(tenant)} AND meter = {sql.Add(meter.Number, "UInt32")} AND {Between(ranges, "minute", sql)}
                  AND seal_no <= {sql.Add(seal.Number, "UInt64")} AND (kind != 'history' OR seal_no <= {sql.Add(seal.ApprovedHistory, "UInt64")})
                  AND subject IN (SELECT subject FROM ranges)) AS w
              JOIN ranges AS r ON w.subject = r.subject
              WHERE toInt64(toUnixTimestamp(w.minute)) >= r.from_s AND toInt64(toUnixTimestamp(w.minute)) < r.to_s{filter}
              GROUP BY scope{groups}{points}
              HAVING pn > 0)
            GROUP BY scope{groups}
            ORDER BY scope{groups}
            """;
    }

    /// <summary>The rule of the view <c>usage_events</c>, for the records that the seal has folded: those up to its cut.</summary>
    private string EventText(MeterRevision meter, List<ScopeRange> ranges, SqlValues sql)
    {
        string isFolded = $"tenant = {sql.Text(tenant)} AND off <= {sql.Add(seal.Cut, "Array(UInt64)")}[part + 1]";
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
            SELECT r.scope AS scope, w.ticks, w.source, w.id, w.data
            FROM (
              SELECT subject, reinterpretAsInt64(time) AS ticks, toInt64(toUnixTimestamp(time)) AS second, source, id, data
              FROM usage_raw FINAL
              WHERE {isFolded} AND type = {sql.Text(meter.Definition.EventType)} AND subject IN (SELECT subject FROM ranges) AND {Between(ranges, "time", sql)}
                AND ((kind = 'use' AND (id_hash, off) NOT IN (SELECT id_hash, off FROM corrected))
                  OR (kind = 'amend' AND (target_hash, off) IN (SELECT id_hash, amendment FROM corrected WHERE voids = 0)))) AS w
            JOIN ranges AS r ON w.subject = r.subject
            WHERE w.second >= r.from_s AND w.second < r.to_s
            ORDER BY scope, w.ticks, w.source, w.id
            LIMIT {sql.Add(maxEvents + 1L, "UInt64")} BY scope
            """;
    }

    private static string Between(List<ScopeRange> ranges, string column, SqlValues sql) =>
        $"{column} >= {sql.Minute(ranges.Min(range => range.Time.Start))} AND {column} < {sql.Minute(ranges.Max(range => range.Time.End))}";
}

/// <summary>A price of single events is for scopes of fewer of them.</summary>
internal sealed class TooManyEventsException(int most) : Exception($"A scope has more than {most} events: a price of single events is not for so many.");
