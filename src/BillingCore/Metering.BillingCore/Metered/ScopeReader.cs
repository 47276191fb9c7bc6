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

    /// <summary>Quantity and number of events of one scope, which may be none.</summary>
    public async Task<(Usage Usage, long Events)> TotalAsync(MeterRevision meter, UsageNeed need, IReadOnlyList<ScopeRange> ranges, CancellationToken cancellationToken)
    {
        SqlValues sql = new();
        await using ClickHouseDataReader reader = await database.QueryAsync(QuantityText(meter, need, ranges, sql), sql.Parameters, cancellationToken);
        return await reader.ReadAsync(cancellationToken) ? (Usage.Of(AggregateColumns.QuantityOf(reader, 1, meter.Definition.Aggregation)), reader.GetInt64(2)) : (Usage.None, 0);
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
        await using ClickHouseDataReader reader = await database.QueryAsync(
            ScopeEvents.Text(tenant, seal, meter, ranges, after: null, maxEvents + 1L, sql), sql.Parameters, cancellationToken);
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

    private string QuantityText(MeterRevision meter, UsageNeed need, IReadOnlyList<ScopeRange> ranges, SqlValues sql)
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
                WHERE tenant = {sql.Text(tenant)} AND meter = {sql.Add(meter.Number, "UInt32")} AND {ScopeRange.Between(ranges, "minute", sql)}
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
}

/// <summary>A price of single events is for scopes of fewer of them.</summary>
internal sealed class TooManyEventsException(int most) : Exception($"A scope has more than {most} events: a price of single events is not for so many.");
