namespace Metering.Billing.Catalog;

/// <summary>What a quantity costs inside one tier, apart from the tier's flat fee.</summary>
public abstract record Rate
{
    private protected Rate()
    {
    }
}

/// <param name="Unit">Price of one unit, exact, at most 12 decimals. May be negative.</param>
public sealed record UnitRate(Fraction Unit) : Rate;

/// <summary>The quantity is itself money.</summary>
/// <param name="Percent">2.5 is 2.5 %.</param>
public sealed record PercentRate(Fraction Percent) : Rate;

/// <summary>Whole packages: ⌈quantity ÷ size⌉ · price, or ⌊ ⌋ when part of a package is free.</summary>
public sealed record PackageRate(Fraction Size, Fraction Price, PartialPackage Partial) : Rate;

/// <summary>The quantity is the sum of the events' own amounts.</summary>
public sealed record MultiplierRate(Fraction Multiplier) : Rate;

/// <summary>What part of a package costs.</summary>
public enum PartialPackage
{
    /// <summary>A whole package.</summary>
    Up,

    /// <summary>Nothing.</summary>
    Down,
}
