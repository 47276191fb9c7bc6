namespace Metering.Billing.Catalog;

/// <summary>A published version of prices. It never changes; subscriptions pin it and stay.</summary>
/// <param name="Key">Identity, for ever.</param>
/// <param name="EffectiveFrom">The earliest start that may pin this version; a whole minute.</param>
public sealed record PriceBook(
    string Key, int Version, Currency Currency, RoundingMode Rounding, DateTimeOffset EffectiveFrom, IReadOnlyList<Product> Products, IReadOnlyList<Plan> Plans);

public sealed record Product(string Key, string Name);

/// <summary>What a subscription subscribes to.</summary>
/// <param name="Product">Key of the product it belongs to.</param>
public sealed record Plan(string Key, string Product, IReadOnlyList<Component> Components, IReadOnlyList<Commitment> Commitments);

/// <summary>A promise to spend: what the components' net lines of a commitment period fall short of it is charged in arrears.</summary>
/// <param name="Components">Keys of the components that count towards it.</param>
public sealed record Commitment(string Key, Fraction Amount, IReadOnlyList<string> Components, EarlyEnd OnEarlyEnd = EarlyEnd.Share);

/// <summary>What is left of a commitment when the subscription ends within its period.</summary>
public enum EarlyEnd
{
    /// <summary>The share of the period that was active.</summary>
    Share,

    /// <summary>All of it.</summary>
    Full,
}
