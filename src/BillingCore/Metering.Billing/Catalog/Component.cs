namespace Metering.Billing.Catalog;

/// <summary>One thing that a plan charges for: a price and what modifies it.</summary>
public sealed record Component
{
    /// <summary>Identity within its plan, for ever.</summary>
    public string Key { get; init; } = "";

    /// <summary>What feeds it; null for flat and licensed prices.</summary>
    public UsageSource? Source { get; init; }

    /// <summary>Decides the tax rate, with the customer's status.</summary>
    public string TaxCategory { get; init; } = "";

    public required Price Price { get; init; }

    public Conversion? Conversion { get; init; }

    /// <summary>Free quantity of a whole period, in converted units.</summary>
    public Fraction? Allowance { get; init; }

    public IReadOnlyList<Discount> Discounts { get; init; } = [];

    /// <summary>What a whole period costs at least.</summary>
    public Fraction? Minimum { get; init; }

    /// <summary>What a whole period costs at most.</summary>
    public Fraction? Maximum { get; init; }
}

/// <summary>The events a component bills: those of a meter whose properties have one of the listed values each.</summary>
/// <param name="Filter">By property; a property that is not listed may have any value.</param>
public sealed record UsageSource(string Meter, MeterAggregation Aggregation, IReadOnlyDictionary<string, IReadOnlySet<string>> Filter)
{
    /// <summary>Whether some event could be billed by both.</summary>
    public bool CanShareAnEventWith(UsageSource other) =>
        Meter == other.Meter && Filter.All(one => !other.Filter.TryGetValue(one.Key, out IReadOnlySet<string>? values) || values.Overlaps(one.Value));
}

public enum MeterAggregation
{
    Sum,
    Count,
    Min,
    Max,
    Average,
    Latest,
    UniqueCount,
}
