namespace Metering.Billing.Tax;

/// <param name="Base">Σ net of the lines with this rate, of either sign; for an inclusive rate the tax is in it.</param>
public sealed record TaxTotal(TaxRate Rate, Money Base, Money Tax);

/// <summary>Tax per rate on the sum of its lines, rounded once, allocated to the lines by largest remainder. Negative lines reduce it.</summary>
public static class TaxComputation
{
    /// <summary>The tax of each line, and the total of each rate in the order of first use.</summary>
    /// <param name="rates">By line; null for a line without tax.</param>
    public static (Money[] Lines, List<TaxTotal> Totals) Compute(ReadOnlySpan<Money> nets, IReadOnlyList<TaxRate?> rates, Currency currency, RoundingMode rounding)
    {
        Money[] taxes = [.. Enumerable.Repeat(Money.Zero(currency), nets.Length)];
        List<TaxTotal> totals = [];
        foreach (TaxRate rate in rates.OfType<TaxRate>().Distinct())
        {
            int[] lines = [.. Enumerable.Range(0, nets.Length).Where(i => rates[i] == rate)];
            Money sum = Money.Zero(currency);
            Fraction[] exact = new Fraction[lines.Length];
            for (int i = 0; i < lines.Length; i++)
            {
                sum += nets[lines[i]];
                exact[i] = (Fraction)nets[lines[i]].MinorUnits * rate.Factor;
            }

            Money tax = Money.Round(sum.Exact * rate.Factor, currency, rounding);
            long[] parts = LargestRemainder.Share(tax.MinorUnits, exact);
            for (int i = 0; i < lines.Length; i++)
            {
                taxes[lines[i]] = new Money(parts[i], currency);
            }

            totals.Add(new TaxTotal(rate, sum, tax));
        }

        return (taxes, totals);
    }
}
