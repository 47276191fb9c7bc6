using ClickHouse.Driver.ADO.Readers;
using Metering.Aggregator.Engine.Meters;
using Metering.Billing;

namespace Metering.BillingCore.Metered;

/// <summary>How the aggregation of a meter is read: columns of points that were summed up, and the quantity they make.</summary>
internal static class AggregateColumns
{
    /// <summary>Decimals of an average, as every answer about usage has them.</summary>
    private const int AveragePlaces = 12;

    /// <summary>What the total and the number of events do not tell.</summary>
    public static string Value(Aggregation aggregation) => aggregation switch
    {
        Aggregation.Sum or Aggregation.Count or Aggregation.Avg => "''",
        Aggregation.Min => "toString(min(v))",
        Aggregation.Max => "toString(max(v))",
        Aggregation.Latest => "toString(argMax(v, (vt, vid)))",
        Aggregation.UniqueCount => "toString(uniqExact(vid))",
    };

    /// <param name="at">Column of the total; after it the number of events and <see cref="Value"/>.</param>
    public static Fraction QuantityOf(ClickHouseDataReader row, int at, Aggregation aggregation) => aggregation switch
    {
        Aggregation.Sum => Fraction.Parse(row.GetString(at)),
        Aggregation.Count => row.GetInt64(at + 1),
        Aggregation.Avg => (Fraction.Parse(row.GetString(at)) / row.GetInt64(at + 1)).RoundTo(AveragePlaces, RoundingMode.HalfEven),
        Aggregation.Min or Aggregation.Max or Aggregation.Latest or Aggregation.UniqueCount => Fraction.Parse(row.GetString(at + 2)),
    };
}
