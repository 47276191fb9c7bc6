using System.Globalization;
using Metering.Aggregator.Engine.Meters;
using Metering.Contracts;

namespace Metering.Aggregator.Engine.Tests.Harness;

/// <summary>Deltas as a reader adds them up.</summary>
internal static class Windows
{
    /// <summary>Sums per (tenant, meter, subject, minute, group, point), as text that two runs can be compared by.</summary>
    public static SortedDictionary<string, string> SumPoints(IEnumerable<StoredDelta> deltas)
    {
        SortedDictionary<string, string> sums = new(StringComparer.Ordinal);
        foreach (var point in deltas.GroupBy(row => (row.Tenant, row.Meter, row.Subject, row.Minute, row.Group, row.PointValue, row.PointTime, row.PointId)))
        {
            Int128 sum = Sum(point);
            long count = point.Sum(row => row.Count);
            if (sum != 0 || count != 0)
            {
                sums.Add(point.Key.ToString(), $"{sum} {count}");
            }
        }

        return sums;
    }

    /// <summary>The value of each window that holds at least one event, by the rule of the views. Unscaled, in units of 10⁻¹².</summary>
    public static SortedDictionary<string, string> Values(IEnumerable<StoredDelta> deltas, IEnumerable<MeterRevision> meters)
    {
        Dictionary<uint, Aggregation> aggregations = meters.ToDictionary(meter => (uint)meter.Number, meter => meter.Definition.Aggregation);
        SortedDictionary<string, string> values = new(StringComparer.Ordinal);
        foreach (var window in deltas.GroupBy(row => (row.Tenant, row.Meter, row.Subject, row.Minute, row.Group)))
        {
            Point[] points = [.. window.GroupBy(row => (row.PointValue, row.PointTime, row.PointId)).Select(point =>
                new Point(point.Key.PointValue, point.Key.PointTime, point.Key.PointId, Sum(point), point.Sum(row => row.Count)))];
            if (points.FirstOrDefault(point => point.Count < 0 || (point.Count == 0 && point.Sum != 0)) is { } broken)
            {
                throw new InvalidOperationException($"{window.Key}: a point with sum {broken.Sum} and count {broken.Count}");
            }

            points = [.. points.Where(point => point.Count > 0)];
            if (points.Length > 0)
            {
                values.Add(Key(window.Key.Tenant, window.Key.Meter, window.Key.Subject, window.Key.Minute, window.Key.Group), Value(aggregations[window.Key.Meter], points));
            }
        }

        return values;
    }

    public static string Key(string tenant, uint meter, string subject, uint minute, string group) =>
        string.Create(CultureInfo.InvariantCulture, $"{tenant}/{meter}/{subject}/{DateTimeOffset.FromUnixTimeSeconds(minute):s}/{group}");

    private static string Value(Aggregation aggregation, Point[] points) => (aggregation switch
    {
        Aggregation.Sum => points[0].Sum,
        Aggregation.Count => points[0].Count,
        Aggregation.Avg => new Quantity(points[0].Sum).DivideBy(points[0].Count).Unscaled,
        Aggregation.Min => points.Min(point => point.Value),
        Aggregation.Max => points.Max(point => point.Value),
        Aggregation.Latest => points.OrderBy(point => point.Time).ThenBy(point => point.Id, StringComparer.Ordinal).Last().Value,
        Aggregation.UniqueCount => points.Length,
    }).ToString(CultureInfo.InvariantCulture);

    private static Int128 Sum(IEnumerable<StoredDelta> rows) => rows.Aggregate(Int128.Zero, (sum, row) => sum + row.Sum);

    private sealed record Point(Int128 Value, long Time, string Id, Int128 Sum, long Count);
}
