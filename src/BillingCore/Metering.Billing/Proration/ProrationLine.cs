using Metering.Billing.Periods;

namespace Metering.Billing.Proration;

public enum ProrationKind
{
    Charge,

    /// <summary>Below zero; corrects the line that the charge was billed with.</summary>
    Credit,
}

/// <summary>A line that a change adds to an invoice.</summary>
/// <param name="Charge">The id of the charge, and for a credit of the line it corrects.</param>
/// <param name="Exact">The amount before rounding.</param>
/// <param name="Service">The time that is charged, or given back.</param>
/// <param name="Share">What it is of the full period.</param>
/// <param name="Capped">Whether less was given back than the time is worth, because no more was left of what was billed.</param>
/// <param name="Arithmetic">How the amount comes about, for a person to compute again.</param>
public sealed record ProrationLine(
    string Charge, ProrationKind Kind, Money Amount, Fraction Exact, TimeRange Service, Fraction Share, bool Capped, string Arithmetic);
