namespace Metering.Billing.Catalog;

/// <summary>Turns metered units into the units that people buy: tokens into thousands of tokens.</summary>
/// <param name="Rounding">Null keeps the exact quotient or product.</param>
/// <param name="Precision">Decimals that rounding leaves; −3 is whole thousands.</param>
public sealed record Conversion(ConversionOperation Operation, Fraction Factor, RoundingMode? Rounding, int Precision)
{
    /// <summary>Dividing is multiplying by this exact reciprocal. Zero for the division by zero that <see cref="ComponentRules"/> refuses.</summary>
    private readonly Fraction _multiplier = Operation == ConversionOperation.Multiply || Factor.IsZero ? Factor : Fraction.One / Factor;

    public Fraction Apply(Fraction quantity)
    {
        Fraction converted = quantity * _multiplier;
        return Rounding is { } mode ? converted.RoundTo(Precision, mode) : converted;
    }
}

public enum ConversionOperation
{
    Multiply,
    Divide,
}

/// <summary>Takes a percentage or an amount off: exactly one of the two is given.</summary>
/// <param name="Periods">How many billing periods it lasts, 1 for once; null for ever. Counted by service period, so a late adjustment has its period's discount.</param>
public sealed record Discount(Fraction? Percent, Fraction? Amount, int? Periods = null)
{
    /// <param name="period">The service period's number since the discount began; the first is 0.</param>
    public bool Covers(int period) => period >= 0 && (Periods is not { } periods || period < periods);
}
