namespace Metering.Billing.Catalog;

/// <summary>What a component must be to be published. <c>docs/specs/rating.md</c> lists what is refused, and why.</summary>
public static class ComponentRules
{
    private const int LeastPrecision = -30;
    private const int MaxDiscounts = 100;

    /// <summary>All problems, each with the field's path below the given one. Empty: the component can be rated.</summary>
    public static List<Problem> Check(Component component, string path)
    {
        List<Problem> problems = [];
        CheckComponent(component, new ProblemList(problems, path));
        return problems;
    }

    internal static void CheckComponent(Component component, ProblemList at)
    {
        PriceRules.Check(component, at);
        if (component.Conversion is { } conversion)
        {
            CheckConversion(conversion, at.At("conversion"));
            at.RefuseIf(component.Price is FlatPrice or PercentagePrice or MatrixPrice, "conversion", $"has no quantity to convert: {WhyNot(component.Price)}");
        }

        at.RefuseIf(component.Allowance is not null && component.Price is FlatPrice or PercentagePrice or MatrixPrice, "allowance", $"has no quantity to reduce: {WhyNot(component.Price)}");
        at.RefuseNegative("allowance", component.Allowance);
        at.RefuseFine("allowance", component.Allowance);
        CheckBounds(component.Minimum, component.Maximum, at, "minimum", "maximum");
        CheckDiscounts(component.Discounts, at);
    }

    internal static void CheckBounds(Fraction? minimum, Fraction? maximum, ProblemList at, string minimumName, string maximumName)
    {
        at.RefuseNegative(minimumName, minimum);
        at.RefuseFine(minimumName, minimum);
        at.RefuseNegative(maximumName, maximum);
        at.RefuseFine(maximumName, maximum);
        at.RefuseIf(minimum is { } least && maximum is { } most && least > most, maximumName, $"is below {minimumName}");
    }

    internal static void CheckDiscounts(IReadOnlyList<Discount> discounts, ProblemList at)
    {
        at.RefuseIf(discounts.Count > MaxDiscounts, "discounts", $"are more than {MaxDiscounts}");
        for (int i = 0; i < discounts.Count; i++)
        {
            Discount discount = discounts[i];
            ProblemList here = at.At("discounts", i);
            here.RefuseIf(discount.Percent is null == discount.Amount is null, "", "must have a percent or an amount, not both");
            here.RefuseIf(discount.Percent is { } percent && (percent < 0 || percent > 100), "percent", "must be from 0 to 100");
            here.RefuseFine("percent", discount.Percent);
            here.RefuseNegative("amount", discount.Amount);
            here.RefuseFine("amount", discount.Amount);
            here.RefuseIf(discount.Periods < 1, "periods", "must be 1 or more");
        }
    }

    private static void CheckConversion(Conversion conversion, ProblemList at)
    {
        at.RefuseNegative("factor", conversion.Factor);
        at.RefuseFine("factor", conversion.Factor);
        at.RefuseIf(conversion.Operation == ConversionOperation.Divide && conversion.Factor.IsZero, "factor", "must not be 0: nothing divides by it");
        at.RefuseIf(conversion.Precision is < LeastPrecision or > Fraction.MaxInputPlaces, "precision", $"must be from {LeastPrecision} to {Fraction.MaxInputPlaces}");
        at.RefuseIf(conversion.Rounding is RoundingMode.HalfEven or RoundingMode.HalfAwayFromZero, "round", "must be none, up, down or half_up");
    }

    private static string WhyNot(Price price) => price switch
    {
        FlatPrice => "a flat price has no usage",
        PercentagePrice => "a percentage is taken of each event, and its free part is free_events and free_amount",
        _ => "each cell of a matrix has its own",
    };
}
