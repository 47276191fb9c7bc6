namespace Metering.Billing.Catalog.Samples;

/// <summary>The quantities at which a price shows what it does: zero, each bound and just above it, and ten times the largest.</summary>
internal static class SampleQuantities
{
    /// <summary>Bounds of one price that are looked at; of more, the lowest ones and the last.</summary>
    private const int MaxMarks = 50;

    /// <summary>The most free events that are tried out.</summary>
    private const int MaxFreeEvents = 100;

    private static readonly Fraction[] s_plain = [1, 1000];

    /// <summary>As metered: before conversion and allowance.</summary>
    public static SortedSet<Fraction> Of(Component component)
    {
        bool isWhole = component.Price is LicensedPrice { AllowsParts: false };
        SortedSet<Fraction> quantities = [Fraction.Zero];
        SortedSet<Fraction> marks = Marks(component);
        foreach (Fraction mark in marks.Count > 0 ? marks : [.. s_plain])
        {
            Fraction quantity = Metered(component, mark).RoundTo(isWhole ? 0 : Fraction.MaxInputPlaces, RoundingMode.Down);
            quantities.Add(quantity);
            if (marks.Count > 0)
            {
                quantities.Add(quantity + LastDecimal(quantity));
            }
        }

        quantities.Add(quantities.Max * 10);
        return quantities;
    }

    /// <summary>How many events to spread a quantity over: one, and one more than are free.</summary>
    public static SortedSet<int> EventCounts(Component component) =>
        component.Price is PercentagePrice percentage ? percentage.FreeEvents is { } free and <= MaxFreeEvents ? [1, free + 1] : [1] : [];

    private static SortedSet<Fraction> Marks(Component component)
    {
        Fraction[] marks =
        [
            .. (component.Price is LicensedPrice licensed ? licensed.Seats : component.Price) switch
            {
                TieredPrice tiered => tiered.Tiers.Select(tier => tier.UpTo).Concat(tiered.Tiers.Select(tier => (tier.Rate as PackageRate)?.Size)).OfType<Fraction>(),
                SingleRatePrice { Rate: PackageRate package } => [package.Size],
                PercentagePrice { FreeAmount: { } free } => [free],
                _ => [],
            },
            .. component.Allowance is null ? Array.Empty<Fraction>() : [Fraction.Zero],
        ];
        Fraction[] rising = [.. marks.Order()];
        return rising.Length <= MaxMarks ? [.. rising] : [.. rising[..(MaxMarks - 1)], rising[^1]];
    }

    /// <summary>The usage that the price is applied to as this quantity.</summary>
    private static Fraction Metered(Component component, Fraction billable)
    {
        Fraction converted = billable + (component.Allowance ?? Fraction.Zero);
        return component.Conversion is not { Factor.IsZero: false } conversion ? converted
            : conversion.Operation == ConversionOperation.Divide ? converted * conversion.Factor
            : converted / conversion.Factor;
    }

    /// <summary>One for a whole number, else one in its last decimal.</summary>
    private static Fraction LastDecimal(Fraction quantity)
    {
        int places = 0;
        while (quantity.RoundTo(places, RoundingMode.Down) != quantity)
        {
            places++;
        }

        return Fraction.OfUnits(1, places);
    }
}
