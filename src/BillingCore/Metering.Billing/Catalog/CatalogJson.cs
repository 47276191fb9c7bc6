using System.Text.Json;

namespace Metering.Billing.Catalog;

/// <summary>
/// Prices as JSON, in the shape the calculator reads. One way to write each: an invoice's input hash and the identity of a price's content
/// are taken over these bytes. Fields that only say the default are left out.
/// </summary>
internal static class CatalogJson
{
    /// <summary>The fields of a component, into an object that is open.</summary>
    public static void WriteComponent(Utf8JsonWriter json, Component component)
    {
        WritePrice(json, component.Price);
        if (component.Conversion is { } conversion)
        {
            json.WriteStartObject("conversion");
            WriteConversion(json, conversion);
            json.WriteEndObject();
        }

        WriteOptional(json, "allowance", component.Allowance);
        WriteDiscounts(json, component.Discounts);
        WriteOptional(json, "minimum", component.Minimum);
        WriteOptional(json, "maximum", component.Maximum);
    }

    public static void WriteRate(Utf8JsonWriter json, Rate rate)
    {
        switch (rate)
        {
            case UnitRate unit:
                Write(json, "unit", unit.Unit);
                break;
            case PercentRate percent:
                Write(json, "percent", percent.Percent);
                break;
            case MultiplierRate multiplier:
                Write(json, "multiplier", multiplier.Multiplier);
                break;
            case PackageRate package:
                Write(json, "package_size", package.Size);
                Write(json, "package_price", package.Price);
                WriteFlag(json, "partial", package.Partial == PartialPackage.Down, "down");
                break;
        }
    }

    public static void WriteConversion(Utf8JsonWriter json, Conversion conversion)
    {
        json.WriteString("op", conversion.Operation == ConversionOperation.Multiply ? "multiply" : "divide");
        Write(json, "factor", conversion.Factor);
        json.WriteString("round", conversion.Rounding?.Name() ?? "none");
        json.WriteNumber("precision", conversion.Precision);
    }

    public static void WriteDiscounts(Utf8JsonWriter json, IReadOnlyList<Discount> discounts)
    {
        if (discounts.Count == 0)
        {
            return;
        }

        json.WriteStartArray("discounts");
        foreach (Discount discount in discounts)
        {
            json.WriteStartObject();
            WriteDiscount(json, discount);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    public static void WriteDiscount(Utf8JsonWriter json, Discount discount)
    {
        WriteOptional(json, "percent", discount.Percent);
        WriteOptional(json, "amount", discount.Amount);
    }

    public static void WriteKey(Utf8JsonWriter json, string name, CellKey key)
    {
        json.WriteStartObject(name);
        foreach ((string dimension, string value) in key.Values)
        {
            json.WriteString(dimension, value);
        }

        json.WriteEndObject();
    }

    private static void WritePrice(Utf8JsonWriter json, Price price)
    {
        json.WriteString("model", NameOf(price));
        switch (price)
        {
            case FlatPrice flat:
                Write(json, "amount", flat.Amount);
                break;
            case SingleRatePrice single:
                WriteRate(json, single.Rate);
                break;
            case TieredPrice tiered:
                WriteTiers(json, tiered);
                break;
            case PercentagePrice percentage:
                WritePercentage(json, percentage);
                break;
            case LicensedPrice licensed:
                WriteLicensed(json, licensed);
                break;
            case MatrixPrice matrix:
                WriteMatrix(json, matrix);
                break;
        }
    }

    private static string NameOf(Price price) => price switch
    {
        FlatPrice => "flat",
        LicensedPrice => "licensed",
        SingleRatePrice { Rate: UnitRate } => "per_unit",
        SingleRatePrice { Rate: PackageRate } => "package",
        SingleRatePrice => "dynamic",
        TieredPrice { Mode: TierMode.Volume } => "volume",
        TieredPrice => "graduated",
        PercentagePrice => "percentage",
        _ => "matrix",
    };

    private static void WriteTiers(Utf8JsonWriter json, TieredPrice price)
    {
        json.WriteStartArray("tiers");
        foreach (Tier tier in price.Tiers)
        {
            json.WriteStartObject();
            WriteOptional(json, "up_to", tier.UpTo);
            Write(json, "flat", tier.Flat);
            WriteRate(json, tier.Rate);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        WriteFlag(json, "flat_at_zero", !price.FlatAtZero, false);
    }

    private static void WritePercentage(Utf8JsonWriter json, PercentagePrice price)
    {
        Write(json, "percent", price.Percent);
        Write(json, "fixed", price.Fixed);
        if (price.FreeEvents is { } events)
        {
            json.WriteNumber("free_events", events);
        }

        WriteOptional(json, "free_amount", price.FreeAmount);
        WriteOptional(json, "min_per_event", price.Min);
        WriteOptional(json, "max_per_event", price.Max);
    }

    private static void WriteLicensed(Utf8JsonWriter json, LicensedPrice price)
    {
        switch (price.Seats)
        {
            case FlatPrice flat:
                Write(json, "amount", flat.Amount);
                break;
            case SingleRatePrice single:
                WriteRate(json, single.Rate);
                break;
            case TieredPrice tiered:
                WriteTiers(json, tiered);
                WriteFlag(json, "mode", tiered.Mode == TierMode.Volume, "volume");
                break;
        }

        WriteFlag(json, "fractional_seats", price.AllowsParts, true);
    }

    private static void WriteMatrix(Utf8JsonWriter json, MatrixPrice price)
    {
        json.WriteStartArray("dimensions");
        foreach (string dimension in price.Dimensions)
        {
            json.WriteStringValue(dimension);
        }

        json.WriteEndArray();
        json.WriteStartArray("cells");
        foreach (MatrixCell cell in price.Cells)
        {
            json.WriteStartObject();
            WriteKey(json, "key", cell.Key);
            json.WriteStartObject("component");
            WriteComponent(json, cell.Component);
            json.WriteEndObject();
            json.WriteEndObject();
        }

        json.WriteEndArray();
        if (price.Default is { } other)
        {
            json.WriteStartObject("default");
            WriteComponent(json, other);
            json.WriteEndObject();
        }
        else
        {
            json.WriteString("unknown", "hold");
        }
    }

    private static void WriteFlag(Utf8JsonWriter json, string name, bool isWritten, string value)
    {
        if (isWritten)
        {
            json.WriteString(name, value);
        }
    }

    private static void WriteFlag(Utf8JsonWriter json, string name, bool isWritten, bool value)
    {
        if (isWritten)
        {
            json.WriteBoolean(name, value);
        }
    }

    private static void WriteOptional(Utf8JsonWriter json, string name, Fraction? value)
    {
        if (value is { } number)
        {
            Write(json, name, number);
        }
    }

    private static void Write(Utf8JsonWriter json, string name, Fraction value) => json.WriteString(name, value.ToString());
}
