namespace Metering.Billing.Rating;

/// <summary>A line on its way from the gross amount to the net: each stage includes those before it.</summary>
public readonly record struct Stages<T>(T Gross, T Discounted, T Raised, T Net);

/// <summary>What a component costs, exactly and in money. Both are cumulative for the scope.</summary>
/// <param name="Billable">The quantity after conversion, rounding and allowance. The free part of a percentage is in it: that is a matter of its price.</param>
public readonly record struct RatedCharge(Fraction Billable, Stages<Fraction> Exact, Stages<Money> Amount)
{
    public static RatedCharge Nothing(Currency currency)
    {
        Money zero = Money.Zero(currency);
        return new RatedCharge(Fraction.Zero, default, new Stages<Money>(zero, zero, zero, zero));
    }
}

/// <summary>A component's charge; of a matrix also that of every cell with usage, whose net sum the charge's gross is.</summary>
public readonly record struct RatedComponent(RatedCharge Charge, IReadOnlyList<RatedCell>? Cells);

public readonly record struct RatedCell(Catalog.CellKey Key, RatedCharge Charge);
