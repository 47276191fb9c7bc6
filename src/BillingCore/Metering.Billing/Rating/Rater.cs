using System.Diagnostics;
using Metering.Billing.Catalog;

namespace Metering.Billing.Rating;

/// <summary>
/// What a component costs for the whole usage of its scope. The order is that of <c>docs/specs/rating.md</c>: conversion, allowance, model,
/// discounts, minimum, maximum, and one rounding. The component has passed <see cref="ComponentRules"/>, the usage <see cref="UsageRules"/>.
/// </summary>
public static class Rater
{
    /// <param name="explanation">Told every step; null when nobody asks, which is faster.</param>
    /// <exception cref="OverflowException">An amount is beyond what money can hold.</exception>
    public static RatedComponent Rate(Component component, in Usage usage, in RatingTerms terms, Explanation? explanation) =>
        component.Price is MatrixPrice matrix
            ? RateMatrix(component, matrix, usage.Cells ?? [], terms, explanation)
            : new RatedComponent(RateCharge(component, usage, terms, explanation), null);

    /// <summary>The quantity that the price is applied to.</summary>
    public static Fraction Billable(Component component, Fraction quantity, Fraction share, Explanation? explanation)
    {
        Fraction billable = quantity;
        if (component.Conversion is { } conversion)
        {
            billable = conversion.Apply(quantity);
            explanation?.Add(new ConvertStep(quantity, conversion, billable));
        }

        if (component.Allowance is { } allowance)
        {
            Fraction free = allowance * share;
            Fraction before = billable;
            billable = before > free ? before - free : Fraction.Min(before, Fraction.Zero);
            explanation?.Add(new AllowanceStep(before, free, billable));
        }

        return billable;
    }

    private static RatedCharge RateCharge(Component component, in Usage usage, in RatingTerms terms, Explanation? explanation)
    {
        Fraction billable = Billable(component, usage.Quantity, terms.Share, explanation);
        Fraction gross = component.Price is PercentagePrice percentage
            ? PercentageRating.Rate(percentage, usage.Events ?? [], terms, explanation)
            : Gross(component.Price, billable, terms, explanation);
        Stages<Fraction> exact = Adjustments.Apply(component, gross, terms, explanation);
        Stages<Money> amount = Round(exact, terms);
        explanation?.Add(new RoundStep(exact.Net, terms.Rounding, amount.Net));
        return new RatedCharge(billable, exact, amount);
    }

    private static Fraction Gross(Price price, Fraction billable, in RatingTerms terms, Explanation? explanation) => price switch
    {
        FlatPrice flat => TierRating.Flat(flat, terms, explanation),
        SingleRatePrice single => TierRating.SingleRate(single.Rate, billable, explanation),
        TieredPrice tiered => TierRating.Tiered(tiered, billable, terms, explanation),
        LicensedPrice licensed => Gross(licensed.Seats, billable, terms, explanation),
        _ => throw new UnreachableException(),
    };

    /// <summary>
    /// Every cell is a line, rounded by itself. Discounts and bounds of the component then work on the sum of those lines, so that in money
    /// too the customer pays at least the minimum and at most the maximum.
    /// </summary>
    private static RatedComponent RateMatrix(Component component, MatrixPrice matrix, IReadOnlyList<CellUsage> usage, in RatingTerms terms, Explanation? explanation)
    {
        List<RatedCell> cells = RateCells(matrix, usage, terms, explanation);
        Fraction billable = Fraction.Zero;
        Fraction exact = Fraction.Zero;
        Money amount = Money.Zero(terms.Currency);
        foreach (RatedCell cell in cells)
        {
            billable += cell.Charge.Billable;
            exact += cell.Charge.Exact.Net;
            amount += cell.Charge.Amount.Net;
        }

        Stages<Fraction> stages = Adjustments.Apply(component, exact, terms, explanation);
        Stages<Money> rounded = Round(Adjustments.Apply(component, amount.Exact, terms, null), terms);
        explanation?.Add(new RoundStep(stages.Net, terms.Rounding, rounded.Net));
        return new RatedComponent(new RatedCharge(billable, stages, rounded), cells);
    }

    private static List<RatedCell> RateCells(MatrixPrice matrix, IReadOnlyList<CellUsage> usage, in RatingTerms terms, Explanation? explanation)
    {
        List<RatedCell> cells = [];
        foreach (CellUsage cell in usage.Where(cell => !cell.IsEmpty))
        {
            explanation?.Enter(cell.Key);
            Component component = matrix.Find(cell.Key) ?? throw new UnreachableException();
            cells.Add(new RatedCell(cell.Key, RateCharge(component, cell.Usage, terms, explanation)));
        }

        explanation?.Enter(null);
        return cells;
    }

    private static Stages<Money> Round(in Stages<Fraction> exact, in RatingTerms terms)
    {
        Money gross = Money.Round(exact.Gross, terms.Currency, terms.Rounding);
        bool isPlain = exact.Net == exact.Gross && exact.Discounted == exact.Gross && exact.Raised == exact.Gross;
        return isPlain
            ? new Stages<Money>(gross, gross, gross, gross)
            : new Stages<Money>(
                gross,
                Money.Round(exact.Discounted, terms.Currency, terms.Rounding),
                Money.Round(exact.Raised, terms.Currency, terms.Rounding),
                Money.Round(exact.Net, terms.Currency, terms.Rounding));
    }
}
