using Metering.Billing.Periods;

namespace Metering.Billing.Subscriptions;

/// <summary>What is subscribed to. It pins a version of a plan and of a price book and stays with them: publishing another version changes nobody.</summary>
/// <param name="Items">One per component, by its key.</param>
public sealed record SubscriptionTerms(string PriceBook, int Version, string Plan, string Phase, IReadOnlyList<SubscriptionItem> Items)
{
    /// <summary>Whether this is the phase of the trial: it gives way to the next one when the trial ends, not by its length.</summary>
    public bool IsTrial { get; init; }

    /// <summary>What follows by the clock, without anybody asking; null for terms that stay. Not compared: it is not what is subscribed to now.</summary>
    public NextPhase? Next { get; init; }

    /// <summary>By component, in this phase and those that follow.</summary>
    public IReadOnlyDictionary<string, Fraction> Quantities()
    {
        Dictionary<string, Fraction> quantities = new(StringComparer.Ordinal);
        foreach (SubscriptionItem item in Phases().SelectMany(phase => phase.Items))
        {
            quantities.TryAdd(item.Component, item.Quantity);
        }

        return quantities;
    }

    /// <summary>This phase and those that follow.</summary>
    public IEnumerable<SubscriptionTerms> Phases() => Next is null ? [this] : [this, .. Next.Terms.Phases()];

    /// <summary>Null when the component is not part of it.</summary>
    public SubscriptionItem? Find(string component) => Items.FirstOrDefault(item => item.Component == component);

    public bool Equals(SubscriptionTerms? other) => other is not null
        && (PriceBook, Version, Plan, Phase) == (other.PriceBook, other.Version, other.Plan, other.Phase)
        && Items.SequenceEqual(other.Items);

    public override int GetHashCode() => HashCode.Combine(PriceBook, Version, Plan, Phase, Items.Count);
}

/// <summary>The phase that follows.</summary>
/// <param name="After">How long the one before lasts, on the wall clock of the subscription's zone.</param>
public sealed record NextPhase(BillingInterval After, SubscriptionTerms Terms);

/// <summary>A component as it is subscribed to.</summary>
/// <param name="Component">Its key within the plan, the same in every version.</param>
/// <param name="Price">What names the content of its price: two versions with the same price are one rating scope.</param>
/// <param name="Quantity">Seats, for a licensed component; otherwise 1.</param>
public sealed record SubscriptionItem(string Component, string Price, BillingInterval Interval, Fraction Quantity);
