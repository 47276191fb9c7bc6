namespace Metering.Billing.Catalog.Documents;

/// <summary>What prices have to know of a meter.</summary>
/// <param name="Dimensions">Names of its groupBy.</param>
public sealed record MeterFacts(MeterAggregation Aggregation, IReadOnlySet<string> Dimensions);
