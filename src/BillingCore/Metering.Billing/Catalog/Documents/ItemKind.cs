using System.Text.Json;
using Metering.Billing.Calculator;

namespace Metering.Billing.Catalog.Documents;

/// <summary>
/// A kind of thing in the catalogue that has a key and a body of a few fields: products, features, tax rates, discounts, and what single customers pay
/// instead. Each is read strictly and written in one form.
/// </summary>
public sealed class ItemKind
{
    private readonly Func<JsonFields, Action<Utf8JsonWriter>> _read;

    private ItemKind(string name, Func<JsonFields, Action<Utf8JsonWriter>> read) => (Name, _read) = (name, read);

    public static ItemKind Product { get; } = new("product", ReadProduct);

    public static ItemKind Feature { get; } = new("feature", ReadFeature);

    public static ItemKind TaxRate { get; } = new("tax_rate", ReadTaxRate);

    public static ItemKind Discount { get; } = new("discount", ReadDiscount);

    public static ItemKind Override { get; } = new("override", ReadOverride);

    public static IReadOnlyList<ItemKind> All { get; } = [Product, Feature, TaxRate, Discount, Override];

    /// <summary>In the database: <c>tax_rate</c>.</summary>
    public string Name { get; }

    /// <summary>The list's name in files.</summary>
    public string Plural => Name + "s";

    /// <summary>In URLs.</summary>
    public string Route => Plural.Replace('_', '-');

    /// <summary>Reads the body of one, without its key.</summary>
    /// <returns>Canonical JSON when there are no problems; otherwise of no use.</returns>
    public byte[] Read(JsonElement body, string path, List<Problem> problems) => Read(new JsonFields(body, path, problems));

    /// <inheritdoc cref="Read(JsonElement, string, List{Problem})"/>
    /// <param name="fields">What the caller has read of them may be there; anything else is refused.</param>
    internal byte[] Read(JsonFields fields)
    {
        Action<Utf8JsonWriter> write = _read(fields);
        fields.Close();
        return CanonicalJson.Bytes(write);
    }

    private static Action<Utf8JsonWriter> ReadProduct(JsonFields fields)
    {
        (string name, string? description, string? category) = (RequiredName(fields), fields.Name("description"), fields.Name("tax_category"));
        return json =>
        {
            json.WriteString("name", name);
            WriteText(json, "description", description);
            WriteText(json, "tax_category", category);
        };
    }

    private static Action<Utf8JsonWriter> ReadFeature(JsonFields fields)
    {
        (string name, string? product, string? meter) = (RequiredName(fields), fields.Text("product"), fields.Text("meter"));
        return json =>
        {
            json.WriteString("name", name);
            WriteText(json, "product", product);
            WriteText(json, "meter", meter);
        };
    }

    private static Action<Utf8JsonWriter> ReadTaxRate(JsonFields fields)
    {
        (string category, Fraction percent, bool isInclusive, DateTimeOffset from) =
            (fields.Name("category") ?? "", fields.RequiredNumber("percent"), fields.Flag("inclusive") ?? false, fields.RequiredMinute("valid_from"));
        if (percent < 0 || percent > 100)
        {
            fields.Refuse("percent", "must be from 0 to 100");
        }

        return json =>
        {
            WriteText(json, "category", category.Length == 0 ? null : category);
            CanonicalJson.Write(json, "percent", percent);
            json.WriteBoolean("inclusive", isInclusive);
            CanonicalJson.Write(json, "valid_from", from);
        };
    }

    private static Action<Utf8JsonWriter> ReadDiscount(JsonFields fields)
    {
        (string? name, string? currency, List<string>? components) = (fields.Name("name"), fields.Text("currency"), fields.Texts("components"));
        Discount discount = new(fields.Number("percent"), fields.Number("amount"), fields.Integer("periods", 1, int.MaxValue));
        List<Problem> problems = [];
        ComponentRules.CheckDiscounts([discount], new ProblemList(problems, ""));
        problems.ForEach(problem => fields.Refuse(problem.Path.Replace("discounts[0]", "", StringComparison.Ordinal).TrimStart('.'), problem.Reason));
        if ((discount.Amount is null) != (currency is null))
        {
            fields.Refuse("currency", discount.Amount is null ? "is for an amount" : "is required: the discount is an amount of money");
        }
        else if (currency is not null && Currency.Find(currency) is null)
        {
            fields.Refuse("currency", $"'{currency}' is not a currency of ISO 4217");
        }

        return json =>
        {
            WriteText(json, "name", name);
            CatalogJson.WriteDiscount(json, discount);
            WriteText(json, "currency", currency);
            if (discount.Periods is { } periods)
            {
                json.WriteNumber("periods", periods);
            }

            if (components is not null)
            {
                CanonicalJson.WriteTexts(json, "components", components);
            }
        };
    }

    /// <summary>Another price of one component for one customer.</summary>
    private static Action<Utf8JsonWriter> ReadOverride(JsonFields fields)
    {
        (string customer, string book, string plan, string component) =
            (fields.RequiredText("customer"), fields.Key("price_book"), fields.Key("plan"), fields.Key("component"));
        (DateTimeOffset from, DateTimeOffset? until) = (fields.RequiredMinute("valid_from"), fields.Minute("valid_until"));
        if (until <= from)
        {
            fields.Refuse("valid_until", "must be after valid_from");
        }

        if (!fields.Has("price"))
        {
            fields.Refuse("price", "is required");
        }

        Component price = fields.Object("price") is { } given ? ComponentReader.Read(given) : new Component { Price = new FlatPrice(Fraction.Zero) };
        foreach (Problem problem in ComponentRules.Check(price, "price"))
        {
            fields.Refuse(problem.Path, problem.Reason);
        }

        return json =>
        {
            json.WriteString("customer", customer);
            json.WriteString("price_book", book);
            json.WriteString("plan", plan);
            json.WriteString("component", component);
            CanonicalJson.Write(json, "valid_from", from);
            if (until is { } end)
            {
                CanonicalJson.Write(json, "valid_until", end);
            }

            json.WriteStartObject("price");
            CatalogJson.WriteComponent(json, price);
            json.WriteEndObject();
        };
    }

    private static string RequiredName(JsonFields fields)
    {
        if (!fields.Has("name"))
        {
            fields.Refuse("name", "is required");
        }

        return fields.Name("name") ?? "";
    }

    private static void WriteText(Utf8JsonWriter json, string name, string? value)
    {
        if (value is not null)
        {
            json.WriteString(name, value);
        }
    }
}
