using Metering.Aggregator.Engine.Meters;
using Metering.Contracts;
using Metering.Simulation.ClickHouse;

namespace Metering.Simulation.Auditing;

/// <summary>What the readers' view answers for a meter: rows to points, points to a value.</summary>
internal static class StoredAnswers
{
    public static Dictionary<string, string> Of(MeterRevision meter, IEnumerable<(WindowColumns Window, Quantity Sum, long Count)> values)
    {
        Dictionary<string, string> answers = [];
        foreach (var window in values.Where(value => value.Window.Meter == meter.Number).GroupBy(value => Name(value.Window)))
        {
            Point[] points = [.. window
                .GroupBy(row => (row.Window.V, row.Window.Vt, row.Window.Vid))
                .Select(point => new Point(point.Key.V, point.Key.Vt, Total(point.Select(row => row.Sum)), point.Sum(row => row.Count)))
                .Where(point => point.Count != 0 || point.Sum != Quantity.Zero)];
            if (points.Length > 0)
            {
                answers.Add(window.Key, Expectation.Answer(ValueOf(meter.Definition.Aggregation, points), points.Sum(point => point.Count)));
            }
        }

        return answers;
    }

    private static decimal ValueOf(Aggregation aggregation, Point[] points) => aggregation switch
    {
        Aggregation.Sum => ToDecimal(Total(points.Select(point => point.Sum))),
        Aggregation.Count => points.Sum(point => point.Count),
        Aggregation.Min => ToDecimal(points.Min(point => point.Value)),
        Aggregation.Max => ToDecimal(points.Max(point => point.Value)),
        Aggregation.Latest => ToDecimal(points.MaxBy(point => point.Ticks).Value),
        _ => points.Length,
    };

    private static string Name(WindowColumns window) => Expectation.WindowName(window.Subject, window.Minute, window.Group.Length > 2 ? window.Group[2..] : "");

    private static Quantity Total(IEnumerable<Quantity> sums) => sums.Aggregate(Quantity.Zero, (total, sum) => total + sum);

    private static decimal ToDecimal(Quantity quantity) => (decimal)quantity.Unscaled / 1_000_000_000_000m;

    private readonly record struct Point(Quantity Value, long Ticks, Quantity Sum, long Count);
}
