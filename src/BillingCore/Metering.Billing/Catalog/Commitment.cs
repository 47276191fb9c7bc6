namespace Metering.Billing.Catalog;

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
