using Metering.Billing.Catalog;

namespace Metering.Billing.Rating;

/// <summary>Prices that look only at the billable quantity.</summary>
internal static class TierRating
{
    public static Fraction Flat(FlatPrice price, in RatingTerms terms, Explanation? explanation)
    {
        Fraction amount = terms.WasActive ? price.Amount : Fraction.Zero;
        explanation?.Add(new TierStep(Fraction.Zero, null, Fraction.Zero, null, amount, amount));
        return amount;
    }

    public static Fraction SingleRate(Rate rate, Fraction quantity, Explanation? explanation)
    {
        Fraction exact = Charge(rate, quantity);
        explanation?.Add(new TierStep(Fraction.Zero, null, quantity, rate, Fraction.Zero, exact));
        return exact;
    }

    /// <summary>The first tier takes whatever is at or below zero, with its flat fee.</summary>
    public static Fraction Tiered(TieredPrice price, Fraction quantity, in RatingTerms terms, Explanation? explanation)
    {
        bool isFlatFree = quantity.IsZero && !(price.FlatAtZero && terms.WasActive);
        return price.Mode == TierMode.Graduated
            ? Graduated(price.Tiers, quantity, isFlatFree, explanation)
            : Volume(price.Tiers, quantity, isFlatFree, explanation);
    }

    private static Fraction Graduated(IReadOnlyList<Tier> tiers, Fraction quantity, bool isFlatFree, Explanation? explanation)
    {
        Fraction gross = Fraction.Zero;
        Fraction from = Fraction.Zero;
        for (int i = 0; i == 0 || (i < tiers.Count && quantity > from); i++)
        {
            Tier tier = tiers[i];
            Fraction to = tier.UpTo is { } upTo ? Fraction.Min(quantity, upTo) : quantity;
            gross += InTier(tier, from, to - from, isFlatFree, explanation);
            from = to;
        }

        return gross;
    }

    private static Fraction Volume(IReadOnlyList<Tier> tiers, Fraction quantity, bool isFlatFree, Explanation? explanation)
    {
        int holding = 0;
        while (tiers[holding].UpTo is { } upTo && quantity > upTo)
        {
            holding++;
        }

        if (holding == 0)
        {
            return InTier(tiers[0], Fraction.Zero, quantity, isFlatFree, explanation);
        }

        // The first tier is always listed, so that a reader sees which price the quantity has left behind.
        explanation?.Add(new TierStep(Fraction.Zero, tiers[0].UpTo, Fraction.Zero, tiers[0].Rate, Fraction.Zero, Fraction.Zero));
        return InTier(tiers[holding], tiers[holding - 1].UpTo.GetValueOrDefault(), quantity, isFlatFree, explanation);
    }

    private static Fraction InTier(Tier tier, Fraction from, Fraction share, bool isFlatFree, Explanation? explanation)
    {
        Fraction flat = isFlatFree ? Fraction.Zero : tier.Flat;
        Fraction exact = flat + Charge(tier.Rate, share);
        explanation?.Add(new TierStep(from, tier.UpTo, share, tier.Rate, flat, exact));
        return exact;
    }

    private static Fraction Charge(Rate rate, Fraction quantity) => rate switch
    {
        UnitRate unit => quantity * unit.Unit,
        PackageRate package => quantity.DivideToWhole(package.Size, package.Partial == PartialPackage.Up ? RoundingMode.Up : RoundingMode.Down) * package.Price,
        PercentRate percent => quantity * percent.Percent.Percent(),
        MultiplierRate multiplier => quantity * multiplier.Multiplier,
        _ => throw new System.Diagnostics.UnreachableException(),
    };
}
