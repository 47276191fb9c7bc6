using Metering.Billing.Catalog;

namespace Metering.Billing.Calculator;

/// <summary>Reads a component as the calculator has it: the model's fields beside those of the modifiers.</summary>
internal static class ComponentReader
{
    public static Component Read(JsonFields fields)
    {
        Component component = new()
        {
            Price = PriceReader.Read(fields),
            Conversion = fields.Object("conversion") is { } conversion ? ReadConversion(conversion) : null,
            Allowance = fields.Number("allowance"),
            Discounts = fields.Objects("discounts")?.ConvertAll(ReadDiscount) ?? [],
            Minimum = fields.Number("minimum"),
            Maximum = fields.Number("maximum"),
        };
        fields.Close();
        return component;
    }

    private static Conversion ReadConversion(JsonFields fields)
    {
        ConversionOperation operation = fields.Choice("op", ConversionOperation.Multiply, ("multiply", ConversionOperation.Multiply), ("divide", ConversionOperation.Divide));
        if (!fields.Has("op"))
        {
            fields.Refuse("op", "is required");
        }

        Conversion conversion = new(
            operation,
            fields.RequiredNumber("factor"),
            fields.Choice<RoundingMode?>("round", null, ("none", null), ("up", RoundingMode.Up), ("down", RoundingMode.Down), ("half_up", RoundingMode.HalfUp)),
            fields.Integer("precision", -30, Fraction.MaxInputPlaces) ?? 0);
        fields.Close();
        return conversion;
    }

    private static Discount ReadDiscount(JsonFields fields)
    {
        Discount discount = new(fields.Number("percent"), fields.Number("amount"));
        fields.Close();
        return discount;
    }
}
