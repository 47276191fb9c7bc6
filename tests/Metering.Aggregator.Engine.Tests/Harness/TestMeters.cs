using Metering.Aggregator.Engine.Meters;

namespace Metering.Aggregator.Engine.Tests.Harness;

internal static class TestMeters
{
    /// <summary>One meter per aggregation over <c>$.v</c> of type llm, numbered by the aggregation.</summary>
    public static readonly MeterRevision[] OneOfEach = [.. Enum.GetValues<Aggregation>().Select(aggregation => Of(aggregation))];

    /// <summary>The same, grouped by <c>$.g</c>, numbered from 10.</summary>
    public static readonly MeterRevision[] OneOfEachGrouped =
        [.. Enum.GetValues<Aggregation>().Select(aggregation => Of(aggregation, number: 10 + (int)aggregation, groupBy: ["$.g"]))];

    public static MeterRevision Of(
        Aggregation aggregation, int? number = null, string tenant = "acme", string type = "llm", string path = "$.v", DateTimeOffset? from = null,
        params string[] groupBy) =>
        new(
            number ?? (int)aggregation,
            tenant,
            new MeterDefinition(
                aggregation,
                type,
                from,
                aggregation == Aggregation.Count ? null : path,
                new SortedDictionary<string, string>(groupBy.Index().ToDictionary(entry => $"g{entry.Index:00}", entry => entry.Item), StringComparer.Ordinal)));
}
