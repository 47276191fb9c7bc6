using Metering.Billing.Catalog;
using Metering.Billing.Rating;

namespace Metering.Billing.Discounts;

/// <summary>
/// Discounts of a whole invoice. They are taken of its positive lines, percents in sequence and then amounts, and allocated over those lines
/// by largest remainder. A negative line is a credit of what was billed after its own discounts: discounting it again would take part of the
/// credit away.
/// </summary>
public static class InvoiceDiscounts
{
    /// <summary>What each line loses, zero or more.</summary>
    /// <param name="lines">Net amounts; those that no discount may touch are left out by the caller. At least one.</param>
    /// <param name="rounding">Of the amount that is left.</param>
    public static Money[] Allocate(IReadOnlyList<Discount> discounts, ReadOnlySpan<Money> lines, RoundingMode rounding)
    {
        Money zero = Money.Zero(lines[0].Currency);
        Money positive = zero;
        Money all = zero;
        long[] weights = new long[lines.Length];
        for (int i = 0; i < lines.Length; i++)
        {
            all += lines[i];
            positive += Money.Max(lines[i], zero);
            weights[i] = Math.Max(lines[i].MinorUnits, 0);
        }

        Money left = Money.Round(Adjustments.Discounted(discounts, positive.Exact, null), zero.Currency, rounding);
        Money taken = Money.Min(positive - left, Money.Max(all, zero)); // never past zero
        return taken.IsZero ? [.. Enumerable.Repeat(zero, lines.Length)] : taken.Allocate(weights);
    }
}
