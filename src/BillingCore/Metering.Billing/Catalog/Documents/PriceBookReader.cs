using System.Text.Json;
using Metering.Billing.Calculator;
using Metering.Billing.Periods;
using Metering.Billing.Proration;

namespace Metering.Billing.Catalog.Documents;

/// <summary>Reads a version of a price book strictly: every problem with the path of its field.</summary>
public static class PriceBookReader
{
    private const int MaxPlans = 200;
    private const int MaxPhases = 10;
    private const int MaxComponents = 100;

    /// <param name="meterOf">A meter by its slug; null when there is none.</param>
    /// <param name="products">Keys of the catalogue's products.</param>
    /// <returns>What can be published when there are no problems; otherwise of no use.</returns>
    public static PriceBookDocument Read(JsonElement body, Func<string, MeterFacts?> meterOf, IReadOnlySet<string> products, List<Problem> problems) =>
        Read(new JsonFields(body, "", problems), meterOf, products);

    /// <summary>What a plan of a published version asks for at least, whatever has become of the meters and products that it names.</summary>
    /// <param name="body">Of the version.</param>
    public static IReadOnlyList<Commitment> CommitmentsOf(JsonElement body, string plan)
    {
        JsonElement found = body.GetProperty("plans").EnumerateArray().FirstOrDefault(one => one.GetProperty("key").GetString() == plan);
        return found.ValueKind == JsonValueKind.Object ? Listed(new JsonFields(found, "", []), "commitments", MaxComponents)?.ConvertAll(ReadCommitment) ?? [] : [];
    }

    /// <inheritdoc cref="Read(JsonElement, Func{string, MeterFacts?}, IReadOnlySet{string}, List{Problem})"/>
    /// <param name="fields">What the caller has read of them may be there; anything else is refused.</param>
    internal static PriceBookDocument Read(JsonFields fields, Func<string, MeterFacts?> meterOf, IReadOnlySet<string> products)
    {
        string code = fields.RequiredText("currency");
        Currency? currency = Currency.Find(code);
        if (currency is null && code.Length > 0)
        {
            fields.Refuse("currency", $"'{code}' is not a currency of ISO 4217");
        }

        RoundingMode rounding = ReadRounding(fields);
        DateTimeOffset effectiveFrom = fields.RequiredMinute("effective_from");
        List<PlanDocument> plans = Listed(fields, "plans", MaxPlans)?.ConvertAll(one => ReadPlan(one, meterOf, products)) ?? [];
        fields.Close();
        CheckKeys(plans, plan => plan.Key, fields, "plans");
        return new PriceBookDocument(currency ?? Currency.Of("USD"), rounding, effectiveFrom, plans);
    }

    /// <summary>How a published version rounds.</summary>
    /// <param name="body">Of the version.</param>
    public static RoundingMode RoundingOf(JsonElement body) => ReadRounding(new JsonFields(body, "", []));

    private static RoundingMode ReadRounding(JsonFields fields) => fields.Choice(
        "rounding", RoundingMode.HalfAwayFromZero,
        ("half_away_from_zero", RoundingMode.HalfAwayFromZero), ("half_even", RoundingMode.HalfEven), ("half_up", RoundingMode.HalfUp), ("up", RoundingMode.Up), ("down", RoundingMode.Down));

    private static PlanDocument ReadPlan(JsonFields fields, Func<string, MeterFacts?> meterOf, IReadOnlySet<string> products)
    {
        string key = fields.Key("key");
        string product = fields.RequiredText("product");
        if (product.Length > 0 && !products.Contains(product))
        {
            fields.Refuse("product", $"there is no product '{product}'");
        }

        string name = fields.Name("name") ?? key;
        List<PhaseDocument> phases = Listed(fields, "phases", MaxPhases)?.ConvertAll(one => ReadPhase(one, meterOf)) ?? [];
        List<Commitment> commitments = Listed(fields, "commitments", MaxComponents)?.ConvertAll(ReadCommitment) ?? [];
        fields.Close();
        CheckPhases(phases, fields);
        CheckKeys(commitments, commitment => commitment.Key, fields, "commitments");
        PlanRules.Check(phases, commitments, fields);
        return new PlanDocument(key, name, product, phases, commitments);
    }

    private static PhaseDocument ReadPhase(JsonFields fields, Func<string, MeterFacts?> meterOf)
    {
        PhaseDocument phase = new(
            fields.Key("key"),
            fields.Flag("trial") ?? false,
            fields.Interval("length"),
            Listed(fields, "components", MaxComponents)?.ConvertAll(one => ReadComponent(one, meterOf)) ?? []);
        fields.Close();
        CheckKeys(phase.Components, one => one.Component.Key, fields, "components");
        return phase;
    }

    private static ComponentDocument ReadComponent(JsonFields fields, Func<string, MeterFacts?> meterOf)
    {
        string key = fields.Key("key");
        return ReadContent(fields, key, fields.Name("name") ?? key, meterOf);
    }

    /// <summary>All but its names.</summary>
    internal static ComponentDocument ReadContent(JsonFields fields, string key, string name, Func<string, MeterFacts?> meterOf)
    {
        if (!fields.Has("price"))
        {
            fields.Refuse("price", "is required");
        }

        Component price = fields.Object("price") is { } given ? ComponentReader.Read(given) : new Component { Price = new FlatPrice(Fraction.Zero) };
        UsageSource? source = ReadSource(fields, price.Price, meterOf);
        Component component = price with { Key = key, Source = source, TaxCategory = fields.Name("tax_category") ?? "" };
        ComponentDocument document = new(
            component,
            name,
            ReadTiming(fields, price.Price),
            fields.Interval("interval") ?? new BillingInterval(IntervalUnit.Month),
            fields.Choice("prorate", ProrationUnit.Day, ("day", ProrationUnit.Day), ("second", ProrationUnit.Second), ("none", ProrationUnit.None)));
        fields.Close();
        return document;
    }

    private static UsageSource? ReadSource(JsonFields fields, Price price, Func<string, MeterFacts?> meterOf)
    {
        Dictionary<string, IReadOnlySet<string>> filter = new(StringComparer.Ordinal);
        foreach (JsonFields one in fields.Objects("filter") ?? [])
        {
            string property = one.RequiredText("property");
            List<string> values = one.Texts("values") ?? [];
            if (values.Count == 0)
            {
                one.Refuse("values", "must have at least one value");
            }

            if (!filter.TryAdd(property, values.ToHashSet(StringComparer.Ordinal)))
            {
                one.Refuse("property", "is listed twice");
            }

            one.Close();
        }

        if (fields.Text("meter") is not { } meter)
        {
            if (filter.Count > 0)
            {
                fields.Refuse("filter", "needs a meter");
            }

            return null;
        }

        if (meterOf(meter) is not { } facts)
        {
            fields.Refuse("meter", $"there is no meter '{meter}'");
            return new UsageSource(meter, MeterAggregation.Sum, filter);
        }

        RefuseUnknown("filter", filter.Keys, facts, meter, fields);
        RefuseUnknown("price.dimensions", (price as MatrixPrice)?.Dimensions ?? [], facts, meter, fields);
        return new UsageSource(meter, facts.Aggregation, filter);
    }

    /// <summary>Usage is stored by the dimensions of its meter; by anything else it cannot be told apart.</summary>
    private static void RefuseUnknown(string name, IEnumerable<string> dimensions, MeterFacts facts, string meter, JsonFields fields)
    {
        foreach (string dimension in dimensions.Where(one => !facts.Dimensions.Contains(one)))
        {
            fields.Refuse(name, $"'{dimension}' is not a dimension of meter '{meter}': it is not in its groupBy");
        }
    }

    /// <summary>Usage is always billed when it is known; what is not usage says when.</summary>
    private static ChargeTiming ReadTiming(JsonFields fields, Price price)
    {
        bool isUsage = price is not (FlatPrice or LicensedPrice);
        if (isUsage && fields.Has("timing"))
        {
            fields.Refuse("timing", "is for flat and licensed prices: usage is billed after its period");
        }

        ChargeTiming timing = fields.Choice("timing", ChargeTiming.Advance, ("advance", ChargeTiming.Advance), ("arrears", ChargeTiming.Arrears), ("once", ChargeTiming.Once));
        return isUsage ? ChargeTiming.Usage : timing;
    }

    private static Commitment ReadCommitment(JsonFields fields)
    {
        Commitment commitment = new(
            fields.Key("key"), fields.RequiredNumber("amount"), fields.Texts("components") ?? [], fields.Choice("on_early_end", EarlyEnd.Share, ("share", EarlyEnd.Share), ("full", EarlyEnd.Full)));
        fields.Close();
        return commitment;
    }

    private static void CheckPhases(List<PhaseDocument> phases, JsonFields plan)
    {
        if (phases.Count == 0)
        {
            plan.Refuse("phases", "must have at least one phase");
        }

        CheckKeys(phases, phase => phase.Key, plan, "phases");
        for (int i = 0; i < phases.Count; i++)
        {
            bool isLast = i == phases.Count - 1;
            if (phases[i].Length is null != isLast)
            {
                plan.Refuse($"phases[{i}].length", isLast ? "must be absent: the last phase stays" : "is required: another phase follows");
            }

            if (phases[i].IsTrial && i > 0)
            {
                plan.Refuse($"phases[{i}].trial", "is for the first phase");
            }
        }
    }

    private static List<JsonFields>? Listed(JsonFields fields, string name, int most)
    {
        List<JsonFields>? items = fields.Objects(name);
        if (items?.Count > most)
        {
            fields.Refuse(name, $"has {items.Count} entries; at most {most} are allowed");
        }

        return items;
    }

    private static void CheckKeys<T>(IReadOnlyList<T> items, Func<T, string> keyOf, JsonFields owner, string name)
    {
        HashSet<string> seen = new(StringComparer.Ordinal);
        for (int i = 0; i < items.Count; i++)
        {
            if (!seen.Add(keyOf(items[i])))
            {
                owner.Refuse($"{name}[{i}].key", $"'{keyOf(items[i])}' is used twice");
            }
        }
    }
}
