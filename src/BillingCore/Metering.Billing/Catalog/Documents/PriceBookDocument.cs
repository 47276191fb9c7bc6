using Metering.Billing.Periods;
using Metering.Billing.Proration;

namespace Metering.Billing.Catalog.Documents;

/// <summary>What one version of a price book says: the plans and what they cost.</summary>
/// <param name="EffectiveFrom">The earliest start that may pin this version; a whole minute.</param>
public sealed record PriceBookDocument(Currency Currency, RoundingMode Rounding, DateTimeOffset EffectiveFrom, IReadOnlyList<PlanDocument> Plans)
{
    /// <summary>Slugs of the meters that some component bills.</summary>
    public IReadOnlySet<string> Meters() => Plans.SelectMany(plan => plan.Phases).SelectMany(phase => phase.Components)
        .Where(one => one.Component.Source is not null).Select(one => one.Component.Source!.Meter).ToHashSet(StringComparer.Ordinal);
}

/// <summary>What a subscription subscribes to.</summary>
/// <param name="Key">Identity within the book, for ever.</param>
/// <param name="Product">Key of the product it belongs to.</param>
public sealed record PlanDocument(string Key, string Name, string Product, IReadOnlyList<PhaseDocument> Phases, IReadOnlyList<Commitment> Commitments);

/// <summary>A stretch of a plan with prices of its own: a trial, an introductory price, the rest.</summary>
/// <param name="Length">Null for the last phase, which stays.</param>
public sealed record PhaseDocument(string Key, bool IsTrial, BillingInterval? Length, IReadOnlyList<ComponentDocument> Components);

/// <summary>One thing that a phase charges for, and when.</summary>
/// <param name="Timing">Usage for what is metered.</param>
/// <param name="Interval">How long its billing period is.</param>
public sealed record ComponentDocument(Component Component, string Name, ChargeTiming Timing, BillingInterval Interval, ProrationUnit Proration);
