using Metering.Billing.Catalog;

namespace Metering.Billing.Calculator;

/// <summary>Reads the fields of a charge model.</summary>
internal static class PriceReader
{
    private delegate Price Reading(JsonFields fields);

    public static Price Read(JsonFields fields)
    {
        Reading? reading = fields.RequiredText("model") switch
        {
            "flat" => ReadFlat,
            "licensed" => ReadLicensed,
            "per_unit" => ReadPerUnit,
            "graduated" => one => ReadTiers(one, TierMode.Graduated),
            "graduated_percentage" => ReadGraduatedPercentage,
            "volume" => one => ReadTiers(one, TierMode.Volume),
            "package" => ReadPackages,
            "percentage" => ReadPercentage,
            "dynamic" => one => new SingleRatePrice(new MultiplierRate(one.Number("multiplier") ?? Fraction.One)),
            "matrix" => ReadMatrix,
            "" => _ => new FlatPrice(Fraction.Zero),
            _ => null,
        };
        if (reading is not null)
        {
            return reading(fields);
        }

        fields.Refuse("model", "must be one of flat, licensed, per_unit, graduated, volume, package, graduated_percentage, percentage, dynamic, matrix");
        return new FlatPrice(Fraction.Zero);
    }

    private static FlatPrice ReadFlat(JsonFields fields) => new(fields.RequiredNumber("amount"));

    private static SingleRatePrice ReadPerUnit(JsonFields fields) => new(new UnitRate(fields.RequiredNumber("unit")));

    private static SingleRatePrice ReadPackages(JsonFields fields)
    {
        PartialPackage partial = fields.Choice("partial", PartialPackage.Up, ("up", PartialPackage.Up), ("down", PartialPackage.Down));
        return new SingleRatePrice(new PackageRate(fields.RequiredNumber("package_size"), fields.RequiredNumber("package_price"), partial));
    }

    /// <summary>Which price the seats have is told by its fields.</summary>
    private static LicensedPrice ReadLicensed(JsonFields fields)
    {
        bool allowsParts = fields.Flag("fractional_seats") ?? false;
        Reading[] given =
        [
            .. fields.Has("amount") ? [ReadFlat] : Array.Empty<Reading>(),
            .. fields.Has("unit") ? [ReadPerUnit] : Array.Empty<Reading>(),
            .. fields.Has("package_size") ? [ReadPackages] : Array.Empty<Reading>(),
            .. fields.Has("tiers") ? [ReadSeatTiers] : Array.Empty<Reading>(),
        ];
        if (given.Length == 1)
        {
            return new LicensedPrice(given[0](fields), allowsParts);
        }

        fields.Refuse("model", "needs one of amount, unit, package_size, tiers");
        return new LicensedPrice(new FlatPrice(Fraction.Zero), allowsParts);
    }

    private static TieredPrice ReadSeatTiers(JsonFields fields) =>
        ReadTiers(fields, fields.Choice("mode", TierMode.Graduated, ("graduated", TierMode.Graduated), ("volume", TierMode.Volume)));

    private static TieredPrice ReadGraduatedPercentage(JsonFields fields)
    {
        TieredPrice price = ReadTiers(fields, TierMode.Graduated);
        for (int i = 0; i < price.Tiers.Count; i++)
        {
            if (price.Tiers[i].Rate is not PercentRate)
            {
                fields.Refuse($"tiers[{i}].percent", "is required");
            }
        }

        return price;
    }

    private static TieredPrice ReadTiers(JsonFields fields, TierMode mode)
    {
        if (!fields.Has("tiers"))
        {
            fields.Refuse("tiers", "is required");
        }

        return new TieredPrice(mode, fields.Objects("tiers")?.ConvertAll(ReadTier) ?? [], fields.Flag("flat_at_zero") ?? true);
    }

    private static Tier ReadTier(JsonFields fields)
    {
        Tier tier = new(fields.Number("up_to"), fields.Number("flat") ?? Fraction.Zero, ReadTierRate(fields));
        fields.Close();
        return tier;
    }

    /// <summary>A tier without a rate has only its flat fee.</summary>
    private static Rate ReadTierRate(JsonFields fields)
    {
        (Fraction? unit, Fraction? percent) = (fields.Number("unit"), fields.Number("percent"));
        bool hasPackages = fields.Has("package_size") | fields.Has("package_price");
        if ((unit is null ? 0 : 1) + (percent is null ? 0 : 1) + (hasPackages ? 1 : 0) > 1)
        {
            fields.Refuse(unit is null ? "percent" : "unit", "stands instead of the other rates: give one of unit, percent, package_size with package_price");
        }

        return hasPackages ? new PackageRate(fields.RequiredNumber("package_size"), fields.RequiredNumber("package_price"), PartialPackage.Up)
            : percent is { } share ? new PercentRate(share)
            : new UnitRate(unit ?? Fraction.Zero);
    }

    private static PercentagePrice ReadPercentage(JsonFields fields) => new(
        fields.Number("percent") ?? Fraction.Zero,
        fields.Number("fixed") ?? Fraction.Zero,
        fields.Integer("free_events", 0, int.MaxValue),
        fields.Number("free_amount"),
        fields.Number("min_per_event"),
        fields.Number("max_per_event"));

    private static MatrixPrice ReadMatrix(JsonFields fields)
    {
        IReadOnlyList<string> dimensions = fields.Texts("dimensions") ?? [];
        List<MatrixCell> cells = fields.Objects("cells")?.ConvertAll(ReadCell) ?? [];
        Component? other = fields.Object("default") is { } given ? ComponentReader.Read(given) : null;
        bool holds = fields.Choice("unknown", false, ("hold", true));
        if (holds == other is not null)
        {
            fields.Refuse("default", "is required, or \"unknown\": \"hold\" instead");
        }

        return new MatrixPrice(dimensions, cells, other);
    }

    private static MatrixCell ReadCell(JsonFields fields)
    {
        if (!fields.Has("key"))
        {
            fields.Refuse("key", "is required");
        }

        if (!fields.Has("component"))
        {
            fields.Refuse("component", "is required");
        }

        CellKey key = new(fields.TextMap("key") ?? []);
        Component component = fields.Object("component") is { } given ? ComponentReader.Read(given) : new Component { Price = new FlatPrice(Fraction.Zero) };
        fields.Close();
        return new MatrixCell(key, component);
    }
}
