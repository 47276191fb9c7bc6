namespace Metering.Billing.Rating;

/// <summary>What a rating scope is apart from its price and its usage.</summary>
/// <param name="Rounding">How the price book rounds a line to money.</param>
/// <param name="Share">Active ÷ full period, 0 to 1; 1 when the plan does not prorate.</param>
/// <param name="IsClosing">Whether this is the scope's last step: only then a minimum is charged.</param>
public readonly record struct RatingTerms(Currency Currency, RoundingMode Rounding, Fraction Share, bool IsClosing)
{
    /// <summary>A scope that was never active has no flat fee.</summary>
    public bool WasActive => Share.Sign > 0;
}
