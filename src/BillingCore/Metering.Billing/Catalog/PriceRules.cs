namespace Metering.Billing.Catalog;

/// <summary>The part of <see cref="ComponentRules"/> that depends on the charge model.</summary>
internal static class PriceRules
{
    private const int MaxDimensions = 3;
    private const int MaxTiers = 1000;

    public static void Check(Component component, ProblemList at)
    {
        bool isSum = component.Source is null or { Aggregation: MeterAggregation.Sum };
        switch (component.Price)
        {
            case FlatPrice flat:
                at.RefuseFine("amount", flat.Amount);
                break;
            case SingleRatePrice single:
                CheckRate(single.Rate, at);
                at.RefuseIf(single.Rate is MultiplierRate && !isSum, "source", "must be the sum of the events' amounts");
                break;
            case TieredPrice tiered:
                CheckTiers(tiered, at);
                at.RefuseIf(!isSum && tiered.Tiers.Any(tier => tier.Rate is PercentRate), "source", "must be the sum of the events' values: a percentage of anything else means nothing");
                break;
            case PercentagePrice percentage:
                CheckPercentage(percentage, at);
                at.RefuseIf(!isSum, "source", "must be the sum of the events' values: a percentage of anything else means nothing");
                break;
            case LicensedPrice licensed:
                CheckLicensed(licensed, at);
                at.RefuseIf(component.Source is not null, "source", "must be absent: seats are a number on the subscription, not usage");
                break;
            case MatrixPrice matrix:
                CheckMatrix(matrix, at);
                break;
        }
    }

    private static void CheckRate(Rate rate, ProblemList at)
    {
        switch (rate)
        {
            case UnitRate unit:
                at.RefuseFine("unit", unit.Unit);
                break;
            case PercentRate percent:
                at.RefuseFine("percent", percent.Percent);
                break;
            case MultiplierRate multiplier:
                at.RefuseFine("multiplier", multiplier.Multiplier);
                break;
            case PackageRate package:
                at.RefuseIf(package.Size.Sign <= 0, "package_size", "must be above 0");
                at.RefuseFine("package_size", package.Size);
                at.RefuseFine("package_price", package.Price);
                break;
        }
    }

    private static void CheckTiers(TieredPrice price, ProblemList at)
    {
        at.RefuseIf(price.Tiers.Count == 0, "tiers", "must have at least one tier");
        at.RefuseIf(price.Tiers.Count > MaxTiers, "tiers", $"are more than {MaxTiers}");
        Fraction bound = Fraction.Zero;
        for (int i = 0; i < price.Tiers.Count; i++)
        {
            Tier tier = price.Tiers[i];
            ProblemList here = at.At("tiers", i);
            bool isLast = i == price.Tiers.Count - 1;
            here.RefuseIf(tier.UpTo is null && !isLast, "up_to", "may be open in the last tier only");
            here.RefuseIf(tier.UpTo is not null && isLast, "up_to", "must be open in the last tier, or larger quantities have no price");
            here.RefuseIf(tier.UpTo is { } upTo && upTo <= bound, "up_to", $"must be above {bound}: tiers rise");
            here.RefuseFine("up_to", tier.UpTo);
            here.RefuseFine("flat", tier.Flat);
            here.RefuseIf(tier.Rate is PercentRate && price.Mode == TierMode.Volume, "percent", "is for graduated tiers");
            CheckRate(tier.Rate, here);
            bound = tier.UpTo is { } reached ? Fraction.Max(bound, reached) : bound;
        }
    }

    private static void CheckPercentage(PercentagePrice price, ProblemList at)
    {
        at.RefuseFine("percent", price.Percent);
        at.RefuseFine("fixed", price.Fixed);
        at.RefuseIf(price.FreeEvents < 0, "free_events", "must not be negative");
        at.RefuseNegative("free_amount", price.FreeAmount);
        at.RefuseFine("free_amount", price.FreeAmount);
        ComponentRules.CheckBounds(price.Min, price.Max, at, "min_per_event", "max_per_event");
    }

    private static void CheckLicensed(LicensedPrice price, ProblemList at)
    {
        switch (price.Seats)
        {
            case FlatPrice flat:
                at.RefuseFine("amount", flat.Amount);
                at.RefuseNegative("amount", flat.Amount);
                break;
            case SingleRatePrice single:
                CheckRate(single.Rate, at);
                RefuseNegativeSeats(single.Rate, at);
                break;
            case TieredPrice tiered:
                CheckTiers(tiered, at);
                for (int i = 0; i < tiered.Tiers.Count; i++)
                {
                    ProblemList here = at.At("tiers", i);
                    here.RefuseNegative("flat", tiered.Tiers[i].Flat);
                    RefuseNegativeSeats(tiered.Tiers[i].Rate, here);
                }

                break;
            default:
                at.Refuse("model", "licenses are flat, per unit, tiers or packages");
                break;
        }
    }

    private static void RefuseNegativeSeats(Rate rate, ProblemList at)
    {
        at.RefuseNegative("unit", (rate as UnitRate)?.Unit);
        at.RefuseNegative("package_price", (rate as PackageRate)?.Price);
        at.RefuseIf(rate is PercentRate, "percent", "is of money, not of seats");
        at.RefuseIf(rate is MultiplierRate, "multiplier", "is of money, not of seats");
    }

    private static void CheckMatrix(MatrixPrice matrix, ProblemList at)
    {
        at.RefuseIf(matrix.Dimensions.Count is < 1 or > MaxDimensions, "dimensions", $"must be 1 to {MaxDimensions}");
        at.RefuseIf(matrix.Dimensions.Distinct(StringComparer.Ordinal).Count() < matrix.Dimensions.Count, "dimensions", "must differ");
        HashSet<CellKey> seen = [];
        for (int i = 0; i < matrix.Cells.Count; i++)
        {
            MatrixCell cell = matrix.Cells[i];
            ProblemList here = at.At("cells", i);
            here.RefuseIf(!HasDimensions(matrix, cell.Key), "key", "must have a value for each dimension and no other");
            here.RefuseIf(!seen.Add(cell.Key), "key", "is listed twice");
            CheckCell(cell.Component, here.At("component"));
        }

        if (matrix.Default is { } other)
        {
            CheckCell(other, at.At("default"));
        }
    }

    internal static bool HasDimensions(MatrixPrice matrix, CellKey key) =>
        matrix.Dimensions.Count <= MaxDimensions && key.Values.Count == matrix.Dimensions.Count && key.Values.All(one => matrix.Dimensions.Contains(one.Dimension));

    private static void CheckCell(Component cell, ProblemList at)
    {
        at.RefuseIf(cell.Price is MatrixPrice or FlatPrice or LicensedPrice, "model", "a cell prices usage: per unit, tiers, package, percentage or dynamic");
        if (cell.Price is not MatrixPrice)
        {
            ComponentRules.CheckComponent(cell, at);
        }
    }
}
