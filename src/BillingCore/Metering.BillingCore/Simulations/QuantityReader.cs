using System.Globalization;
using System.Runtime.CompilerServices;
using ClickHouse.Driver.ADO.Readers;
using Metering.Aggregator.Engine.Meters;
using Metering.Billing.Catalog;
using Metering.Billing.Rating;
using Metering.Billing.Simulation;
using Metering.BillingCore.Metered;
using Metering.Storage.ClickHouse;

namespace Metering.BillingCore.Simulations;

/// <summary>
/// One quantity of each customer for the whole period, of a matrix one for each cell, in one statement for all customers of a page. Points are summed up first
/// and those that came to nothing dropped, so that what was voided is gone from every aggregation.
/// </summary>
internal sealed class QuantityReader(ClickHouseDatabase database, UsageScope scope)
{
    public async IAsyncEnumerable<(string Customer, Usage Usage)> ReadAsync(
        MeterRevision meter, UsageNeed need, CustomerPage page, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        SqlValues sql = new();
        await using ClickHouseDataReader reader = await database.QueryAsync(Text(meter, need, page, sql), sql.Parameters, cancellationToken);
        string? customer = null;
        List<CellUsage> cells = [];
        while (await reader.ReadAsync(cancellationToken))
        {
            string next = reader.GetString(0);
            if (customer is not null && next != customer)
            {
                yield return (customer, Collect(need, cells));
                cells = [];
            }

            customer = next;
            cells.Add(new CellUsage(KeyOf(reader, need), Usage.Of(AggregateColumns.QuantityOf(reader, 1 + need.Dimensions.Count, meter.Definition.Aggregation))));
        }

        if (customer is not null)
        {
            yield return (customer, Collect(need, cells));
        }
    }

    private static Usage Collect(UsageNeed need, List<CellUsage> cells) => need.Dimensions.Count > 0 ? Usage.OfCells(cells) : cells[0].Usage;

    private string Text(MeterRevision meter, UsageNeed need, CustomerPage page, SqlValues sql)
    {
        Aggregation aggregation = meter.Definition.Aggregation;
        List<string> dimensions = [.. meter.Definition.GroupBy.Keys];
        string Column(string dimension) => string.Create(CultureInfo.InvariantCulture, $"grp[{dimensions.IndexOf(dimension) + 1}]");
        string[] names = [.. need.Dimensions.Index().Select(entry => string.Create(CultureInfo.InvariantCulture, $", g{entry.Index}"))];
        string columns = string.Concat(need.Dimensions.Zip(names, (dimension, name) => $", {Column(dimension)} AS {name[2..]}"));
        string filter = string.Concat(need.Source.Filter.Select(one => $" AND {Column(one.Key)} IN {sql.Texts(one.Value)}"));
        string groups = string.Concat(names);
        string points = aggregation.KeepsPoints() ? ", v, vt, vid" : "";
        return $"""
            SELECT subject{groups}, toString(sum(ps)) AS total, toInt64(sum(pn)) AS events, {AggregateColumns.Value(aggregation)} AS value
            FROM (
              SELECT subject{columns}{points}, sum(toDecimal256(s, 12)) AS ps, sum(n) AS pn
              FROM usage_window FINAL
              WHERE {scope.Windows(sql)} AND meter = {sql.Add(meter.Number, "UInt32")} AND {page.Condition(sql)}{filter}
              GROUP BY subject{groups}{points}
              HAVING pn > 0)
            GROUP BY subject{groups}
            ORDER BY subject{groups}
            """;
    }

    private static CellKey KeyOf(ClickHouseDataReader row, UsageNeed need) =>
        new(need.Dimensions.Index().Select(entry => KeyValuePair.Create(entry.Item, row.GetString(1 + entry.Index))));
}
