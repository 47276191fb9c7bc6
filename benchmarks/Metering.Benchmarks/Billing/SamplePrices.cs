using Metering.Billing;
using Metering.Billing.Catalog;

namespace Metering.Benchmarks.Billing;

/// <summary>The same prices in every benchmark.</summary>
internal static class SamplePrices
{
    public static Component Of(string name) => name switch
    {
        "flat" => new Component { Price = new FlatPrice(Number("49.99")) },
        "per_unit" => new Component { Price = new SingleRatePrice(new UnitRate(Number("0.000002"))) },
        "package" => new Component { Price = new SingleRatePrice(new PackageRate(100, Number("1.25"), PartialPackage.Up)) },
        "graduated" => Tiered(TierMode.Graduated, 3),
        "volume" => Tiered(TierMode.Volume, 3),
        "graduated_percentage" => new Component { Price = new TieredPrice(TierMode.Graduated, [new Tier(1000, 1, new PercentRate(Number("2.9"))), new Tier(null, 0, new PercentRate(Number("1.5")))]) },
        "dynamic" => new Component { Price = new SingleRatePrice(new MultiplierRate(Number("1.2"))) },
        "licensed" => new Component { Price = new LicensedPrice(new SingleRatePrice(new UnitRate(15)), true) },
        _ => Tiered(TierMode.Graduated, 3) with
        {
            Conversion = new Conversion(ConversionOperation.Divide, 1000, RoundingMode.Up, 2),
            Allowance = Number("0.5"),
            Discounts = [new Discount(10, null), new Discount(null, Number("2.50"))],
            Minimum = 5,
            Maximum = 500,
        },
    };

    /// <summary>Tiers of 100 units each, the last one open.</summary>
    public static Component Tiered(TierMode mode, int count) => new()
    {
        Price = new TieredPrice(mode, [.. Enumerable.Range(1, count).Select(i => new Tier(i == count ? null : i * 100, 1, new UnitRate(Number("0.25"))))]),
    };

    private static Fraction Number(string text) => Fraction.Parse(text);
}
