namespace Metering.Billing.Catalog;

/// <summary>Holds the quantities from above the tier before up to <see cref="UpTo"/>, that one included.</summary>
/// <param name="UpTo">Null for the last tier.</param>
/// <param name="Flat">Charged once when the tier is reached (graduated) or holds the quantity (volume).</param>
public sealed record Tier(Fraction? UpTo, Fraction Flat, Rate Rate);

public enum TierMode
{
    /// <summary>Each tier prices the share of the quantity that lies in it.</summary>
    Graduated,

    /// <summary>The tier that holds the quantity prices all of it.</summary>
    Volume,
}
