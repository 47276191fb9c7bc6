using Metering.Billing.Catalog;

namespace Metering.Billing.Rating;

/// <summary>From the gross amount to the net: discounts, then the minimum, then the maximum.</summary>
internal static class Adjustments
{
    public static Stages<Fraction> Apply(Component component, Fraction gross, in RatingTerms terms, Explanation? explanation)
    {
        Fraction discounted = Discounted(component.Discounts, gross, explanation);
        Fraction raised = terms.IsClosing && component.Minimum is { } minimum ? Raised(discounted, minimum * terms.Share, explanation) : discounted;
        Fraction net = component.Maximum is { } maximum ? Capped(raised, maximum * terms.Share, explanation) : raised;
        return new Stages<Fraction>(gross, discounted, raised, net);
    }

    /// <summary>Percents in sequence, each of what the one before has left, then amounts, which never go past zero; what is left of an amount is lost.</summary>
    public static Fraction Discounted(IReadOnlyList<Discount> discounts, Fraction gross, Explanation? explanation)
    {
        Fraction left = gross;
        for (int i = 0; i < discounts.Count; i++)
        {
            if (discounts[i].Percent is { } percent)
            {
                left = After(discounts[i], left, left - (left * percent.Percent()), explanation);
            }
        }

        for (int i = 0; i < discounts.Count; i++)
        {
            if (discounts[i].Amount is { } amount)
            {
                left = After(discounts[i], left, left - Fraction.Min(amount, Fraction.Max(left, Fraction.Zero)), explanation);
            }
        }

        return left;
    }

    private static Fraction After(Discount discount, Fraction before, Fraction after, Explanation? explanation)
    {
        explanation?.Add(new DiscountStep(discount, after - before));
        return after;
    }

    private static Fraction Raised(Fraction amount, Fraction minimum, Explanation? explanation)
    {
        Fraction raised = Fraction.Max(amount, minimum);
        explanation?.Add(new MinimumStep(minimum, raised - amount));
        return raised;
    }

    private static Fraction Capped(Fraction amount, Fraction maximum, Explanation? explanation)
    {
        Fraction capped = Fraction.Min(amount, maximum);
        explanation?.Add(new MaximumStep(maximum, capped - amount));
        return capped;
    }
}
