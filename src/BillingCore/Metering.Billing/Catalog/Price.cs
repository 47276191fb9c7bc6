namespace Metering.Billing.Catalog;

/// <summary>A charge model with its numbers: how a billable quantity becomes a gross amount. The models are those of <c>docs/specs/rating.md</c>.</summary>
public abstract record Price
{
    private protected Price()
    {
    }
}

/// <summary>An amount whatever the usage. Its proration is that of its service time, not of rating.</summary>
public sealed record FlatPrice(Fraction Amount) : Price;

/// <summary>A price for a number of seats, which cannot be negative.</summary>
/// <param name="Seats">Flat, one rate, or tiers, on the seat count.</param>
/// <param name="AllowsParts">Whether half a seat can be had.</param>
public sealed record LicensedPrice(Price Seats, bool AllowsParts) : Price;

/// <summary>One rate for every quantity: per unit, package and dynamic pricing.</summary>
public sealed record SingleRatePrice(Rate Rate) : Price;

/// <param name="Tiers">Rising, the last one open.</param>
/// <param name="FlatAtZero">Whether a scope that was active without usage pays the first tier's flat fee.</param>
public sealed record TieredPrice(TierMode Mode, IReadOnlyList<Tier> Tiers, bool FlatAtZero = true) : Price;

/// <summary>A share of each event's value, and a fixed fee for each event.</summary>
/// <param name="Percent">2.5 is 2.5 %.</param>
/// <param name="FreeEvents">How many events of a period may use the free part; null for any number.</param>
/// <param name="FreeAmount">How much value of a period is free; null for any amount.</param>
/// <param name="Min">Least that an event pays which is not wholly free.</param>
/// <param name="Max">Most that one event pays.</param>
public sealed record PercentagePrice(Fraction Percent, Fraction Fixed, int? FreeEvents, Fraction? FreeAmount, Fraction? Min, Fraction? Max) : Price
{
    public bool HasFreePart => FreeEvents is not null || FreeAmount is not null;
}
