using Metering.Billing.Catalog;
using Metering.Billing.Catalog.Documents;
using Metering.Billing.Proration;

namespace Metering.Billing.Simulation;

/// <summary>What one version of a price book charges for a whole period of a plan: the phase that stays, without what is charged only once.</summary>
public sealed record PlanPrices
{
    public required int Version { get; init; }

    /// <summary>Draft, published or archived.</summary>
    public required string State { get; init; }

    public required Currency Currency { get; init; }

    public required RoundingMode Rounding { get; init; }

    public required IReadOnlyList<Component> Components { get; init; }

    public required IReadOnlyList<Commitment> Commitments { get; init; }

    /// <summary>Null when the version has no such plan.</summary>
    public static PlanPrices? Of(PriceBookDocument book, string plan, int version, string state)
    {
        if (book.Plans.FirstOrDefault(one => one.Key == plan) is not { } found)
        {
            return null;
        }

        return new PlanPrices
        {
            Version = version,
            State = state,
            Currency = book.Currency,
            Rounding = book.Rounding,
            Components = [.. found.Phases[^1].Components.Where(one => one.Timing != ChargeTiming.Once).Select(one => one.Component)],
            Commitments = found.Commitments,
        };
    }

    /// <summary>With the prices that one customer has instead.</summary>
    public PlanPrices With(IEnumerable<PriceOverride> overrides)
    {
        Dictionary<string, PriceOverride> instead = overrides.ToDictionary(one => one.Component, StringComparer.Ordinal);
        return instead.Count == 0 ? this : this with { Components = [.. Components.Select(one => instead.TryGetValue(one.Key, out PriceOverride? other) ? other.Over(one) : one)] };
    }
}
