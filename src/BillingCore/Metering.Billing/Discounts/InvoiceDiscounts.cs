using Metering.Billing.Invoicing;
using Metering.Billing.Rating;

namespace Metering.Billing.Discounts;

/// <summary>
/// Discounts of a whole invoice. They are taken of its positive lines, period by period, percents in sequence and then amounts, and allocated over those lines
/// by largest remainder. A negative line is a credit of what was billed after its own discounts: discounting it again would take part of the
/// credit away.
/// </summary>
public static class InvoiceDiscounts
{
    /// <summary>What each line loses, zero or more.</summary>
    /// <param name="lines">Net amounts of the period's lines; those that no discount may touch are left out by the caller.</param>
    /// <param name="rounding">Of the amount that is left.</param>
    public static Money[] Allocate(PeriodDiscounts period, ReadOnlySpan<Money> lines, RoundingMode rounding)
    {
        Money zero = Money.Zero(period.EarlierDiscount.Currency);
        Money positive = zero;
        Money all = zero;
        long[] weights = new long[lines.Length];
        for (int i = 0; i < lines.Length; i++)
        {
            all += lines[i];
            positive += Money.Max(lines[i], zero);
            weights[i] = Math.Max(lines[i].MinorUnits, 0);
        }

        Money gross = period.EarlierPositive + positive;
        Money left = Money.Round(Adjustments.Discounted(period.Discounts, gross.Exact, null), zero.Currency, rounding);
        Money taken = Money.Min(gross - left - period.EarlierDiscount, Money.Max(all, zero)); // never past zero
        return taken.Sign <= 0 ? [.. Enumerable.Repeat(zero, lines.Length)] : taken.Allocate(weights);
    }
}
