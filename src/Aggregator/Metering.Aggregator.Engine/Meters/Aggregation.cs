namespace Metering.Aggregator.Engine.Meters;

public enum Aggregation
{
    Sum,
    Count,
    Avg,
    Min,
    Max,
    Latest,
    UniqueCount,
}

public static class AggregationName
{
    /// <summary>The name on the wire and in the database: <c>UNIQUE_COUNT</c>.</summary>
    public static string ToName(this Aggregation aggregation) => aggregation switch
    {
        Aggregation.Sum => "SUM",
        Aggregation.Count => "COUNT",
        Aggregation.Avg => "AVG",
        Aggregation.Min => "MIN",
        Aggregation.Max => "MAX",
        Aggregation.Latest => "LATEST",
        Aggregation.UniqueCount => "UNIQUE_COUNT",
    };

    public static bool TryParse(string name, out Aggregation aggregation)
    {
        foreach (Aggregation candidate in Enum.GetValues<Aggregation>())
        {
            if (candidate.ToName() == name)
            {
                aggregation = candidate;
                return true;
            }
        }

        aggregation = default;
        return false;
    }

    /// <summary>
    /// Whether each distinct value keeps a row of its own (a point), so that taking an event back is again just a negative row.
    /// </summary>
    public static bool KeepsPoints(this Aggregation aggregation) =>
        aggregation is Aggregation.Min or Aggregation.Max or Aggregation.Latest or Aggregation.UniqueCount;
}
