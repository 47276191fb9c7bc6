using Metering.Billing.Catalog;

namespace Metering.Billing.Rating;

/// <summary>
/// One step of billing a scope: the rating of all usage so far minus what is already rated. Billing in any number of steps therefore costs
/// what billing once costs.
/// </summary>
public static class StepBilling
{
    /// <exception cref="OverflowException">An amount is beyond what money can hold.</exception>
    public static BilledStep Bill(Component component, in Usage usage, in AlreadyRated already, in RatingTerms terms, Explanation? explanation)
    {
        RatedComponent total = Rater.Rate(component, usage, terms, explanation);
        RatedCharge before = Before(component, already, terms);
        if (already.Exists)
        {
            explanation?.Add(new AlreadyStep(before.Exact.Net, before.Amount.Net));
        }

        return new BilledStep(total, before);
    }

    private static RatedCharge Before(Component component, in AlreadyRated already, in RatingTerms terms)
    {
        RatedCharge rated = already.Quantity is { } quantity
            ? Rater.Rate(component, Usage.Of(quantity), terms with { IsClosing = false }, null).Charge
            : RatedCharge.Nothing(terms.Currency);
        return already.Amount is { } amount ? WithNet(rated, amount, terms) : rated;
    }

    /// <summary>What was billed differs from today's rating of it: the usage line carries the difference, so that the lines still sum to the amount.</summary>
    private static RatedCharge WithNet(in RatedCharge rated, Fraction net, in RatingTerms terms)
    {
        Fraction off = net - rated.Exact.Net;
        Stages<Fraction> exact = rated.Exact;
        Money shift = Money.Round(net, terms.Currency, terms.Rounding) - rated.Amount.Net;
        Stages<Money> amount = rated.Amount;
        return new RatedCharge(
            rated.Billable,
            new Stages<Fraction>(exact.Gross + off, exact.Discounted + off, exact.Raised + off, net),
            new Stages<Money>(amount.Gross + shift, amount.Discounted + shift, amount.Raised + shift, amount.Net + shift));
    }
}

/// <summary>What earlier steps have rated: the quantity, what it cost, or both. The cost follows from the quantity when it is not given.</summary>
public readonly record struct AlreadyRated(Fraction? Quantity, Fraction? Amount)
{
    public bool Exists => Quantity is not null || Amount is not null;
}

/// <param name="Total">Of all usage of the scope.</param>
/// <param name="Before">Of the part that earlier steps have rated; its net is what they billed.</param>
public readonly record struct BilledStep(RatedComponent Total, RatedCharge Before)
{
    public Money Amount => Total.Charge.Amount.Net - Before.Amount.Net;

    public Fraction AmountExact => Total.Charge.Exact.Net - Before.Exact.Net;

    /// <summary>One for the usage (for each cell with usage), one for each modifier that changed the amount. They sum to the amount.</summary>
    public List<RatedLine> Lines => RatedLines.Of(this);
}
