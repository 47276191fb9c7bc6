using System.Globalization;
using System.Text.Json.Nodes;
using Metering.Billing.Catalog;
using Metering.Billing.Catalog.Documents;

namespace Metering.Billing.Tests.Catalog.AsCode;

/// <summary>Valid catalogues from a seed, as somebody might write them: every kind and model, numbers with needless zeros, and names that files trip over.</summary>
internal sealed class RandomCatalog(int seed)
{
    private static readonly string[] s_names =
    [
        "Pro", "", " padded ", "true", "null", "~", "0.10", "1e3", "- dash", "# hash", "a: b", "{x}", "[y]", "\"quoted\"", "it's", "two\nlines", "tab\there", "\u0001\u001f\u007f",
        "nel\u0085", "ls\u2028ps\u2029", "\uFEFFbom", "émoji 🧮", "日本", "100 %", "@at", "`tick`", "!tag", "&anchor", "*alias", "? question", "| pipe", "> fold", "2026-01-01", "=", "<<", "back\\slash",
    ];

    private readonly Random _random = new(seed);

    /// <summary>The meters that exist: <c>m0</c> to <c>m9</c>, all of them sums by model and region.</summary>
    public static MeterFacts? MeterOf(string slug) => slug is ['m', >= '0' and <= '9'] ? new MeterFacts(MeterAggregation.Sum, new HashSet<string> { "model", "region" }) : null;

    public string Make()
    {
        JsonObject catalog = new()
        {
            ["products"] = Shuffled(Some(1, 4, i => new JsonObject { ["key"] = $"product-{i}", ["name"] = Name(), ["description"] = Maybe(Name), ["tax_category"] = Maybe(Name) })),
            ["features"] = Some(0, 3, i => new JsonObject { ["key"] = $"f.{i}", ["name"] = Name(), ["product"] = Maybe(() => "product-0"), ["meter"] = Maybe(() => "m1") }),
            ["tax_rates"] = Some(0, 3, i => new JsonObject
            {
                ["key"] = $"vat_{i}", ["category"] = Maybe(Name), ["percent"] = Pick("19", "7.70", "0"), ["inclusive"] = Flag(), ["valid_from"] = "2026-01-01T00:00:00Z",
            }),
            ["discounts"] = Some(0, 3, Discount),
            ["overrides"] = Some(0, 2, i => new JsonObject
            {
                ["key"] = $"acme-{i}", ["customer"] = Name(), ["price_book"] = "book-0", ["plan"] = "plan-0", ["component"] = "c0", ["valid_from"] = "2026-02-01T00:00:00Z",
                ["valid_until"] = Maybe(() => "2027-02-01T00:00:00Z"), ["price"] = Price(Pick("per_unit", "graduated", "package", "flat")),
            }),
            ["price_books"] = Shuffled(Some(0, 3, Book)),
        };
        return catalog.ToJsonString();
    }

    private JsonObject Discount(int i)
    {
        bool isAmount = Chance(2);
        return new JsonObject
        {
            ["key"] = $"d{i}", ["name"] = Maybe(Name), ["percent"] = isAmount ? null : "12.50", ["amount"] = isAmount ? Number() : null, ["currency"] = isAmount ? "EUR" : null,
            ["periods"] = Chance(2) ? null : _random.Next(1, 13), ["components"] = Chance(2) ? null : new JsonArray("c0", Name()),
        };
    }

    private JsonObject Book(int i) => new()
    {
        ["key"] = $"book-{i}", ["name"] = Maybe(Name), ["currency"] = Pick("USD", "JPY", "KWD"), ["rounding"] = Maybe(() => Pick("half_even", "up", "half_away_from_zero")),
        ["effective_from"] = Pick("2026-01-01T00:00:00Z", "2026-06-30T22:30:00Z"), ["plans"] = Some(0, 3, Plan),
    };

    private JsonObject Plan(int i)
    {
        int phases = _random.Next(1, 4);
        return new JsonObject
        {
            ["key"] = $"plan-{i}", ["name"] = Maybe(Name), ["product"] = "product-0",
            ["phases"] = Some(phases, phases + 1, number => Phase(number, isLast: number == phases - 1)),
            ["commitments"] = Chance(2) ? null : new JsonArray(new JsonObject { ["key"] = "year", ["amount"] = Number(), ["components"] = new JsonArray("c0"), ["on_early_end"] = Maybe(() => Pick("full", "share")) }),
        };
    }

    private JsonObject Phase(int number, bool isLast) => new()
    {
        ["key"] = $"phase-{number}", ["trial"] = number == 0 ? Flag() : null, ["length"] = isLast ? null : new JsonObject { ["unit"] = Pick("day", "half_year"), ["count"] = _random.Next(1, 30) },
        ["components"] = Some(1, 5, Component),
    };

    private JsonObject Component(int i)
    {
        string model = Pick("flat", "licensed", "per_unit", "graduated", "volume", "package", "graduated_percentage", "percentage", "dynamic", "matrix");
        bool isUsage = model is not ("flat" or "licensed");
        return new JsonObject
        {
            ["key"] = $"c{i}", ["name"] = Maybe(Name), ["meter"] = isUsage ? $"m{i}" : null, ["timing"] = isUsage ? null : Maybe(() => Pick("advance", "arrears", "once")),
            ["filter"] = isUsage && Chance(3) ? new JsonArray(new JsonObject { ["property"] = "model", ["values"] = new JsonArray("true", "7", "x") }) : null,
            ["interval"] = Chance(2) ? null : new JsonObject { ["unit"] = Pick("month", "year"), ["count"] = Chance(2) ? null : 2 },
            ["prorate"] = Maybe(() => Pick("day", "second", "none")), ["tax_category"] = Maybe(Name), ["price"] = Price(model),
        };
    }

    private JsonObject Price(string model)
    {
        JsonObject price = Model(model);
        price.Insert(0, "model", model);
        if (model is not ("flat" or "percentage" or "matrix"))
        {
            price["allowance"] = Maybe(Number);
            price["conversion"] = Chance(3)
                ? new JsonObject { ["op"] = Pick("multiply", "divide"), ["factor"] = Pick("1000", "0.001"), ["round"] = Maybe(() => Pick("up", "none")), ["precision"] = Chance(2) ? null : _random.Next(-3, 4) }
                : null;
        }

        price["discounts"] = Chance(3) ? new JsonArray(new JsonObject { ["percent"] = "10" }, new JsonObject { ["amount"] = "1.10" }) : null;
        price["minimum"] = Maybe(() => "5.00");
        price["maximum"] = Maybe(() => "99.00");
        return price;
    }

    private JsonObject Model(string model) => model switch
    {
        "flat" => new JsonObject { ["amount"] = Number() },
        "licensed" => Chance(2)
            ? new JsonObject { ["unit"] = Number(), ["fractional_seats"] = Flag() }
            : new JsonObject { ["tiers"] = Tiers("unit"), ["mode"] = Maybe(() => Pick("volume", "graduated")), ["fractional_seats"] = Flag() },
        "per_unit" => new JsonObject { ["unit"] = Number() },
        "package" => new JsonObject { ["package_size"] = "10.0", ["package_price"] = Number(), ["partial"] = Maybe(() => Pick("up", "down")) },
        "dynamic" => new JsonObject { ["multiplier"] = Maybe(Number) },
        "percentage" => new JsonObject
        {
            ["percent"] = Number(), ["fixed"] = Maybe(Number), ["free_events"] = Chance(2) ? null : _random.Next(5), ["free_amount"] = Maybe(Number), ["min_per_event"] = Maybe(() => "0.1"), ["max_per_event"] = Maybe(() => "5"),
        },
        "matrix" => new JsonObject
        {
            ["dimensions"] = new JsonArray("region", "model"), ["default"] = Chance(2) ? Price("per_unit") : null, ["cells"] = Some(0, 4, i => new JsonObject
            {
                ["key"] = new JsonObject { ["region"] = Pick("eu", "true", "null"), ["model"] = $"{i}" }, ["component"] = Price(Pick("per_unit", "graduated", "volume", "package", "percentage")),
            }),
        },
        _ => new JsonObject { ["tiers"] = Tiers(model == "graduated_percentage" ? "percent" : "unit"), ["flat_at_zero"] = Flag() },
    } is var made && made.ContainsKey("dimensions") && made["default"] is null ? Holding(made) : made;

    private static JsonObject Holding(JsonObject matrix)
    {
        matrix["unknown"] = "hold";
        return matrix;
    }

    private JsonArray Tiers(string rate)
    {
        int count = _random.Next(1, 5);
        return Some(count, count + 1, i => rate == "unit" && Chance(4)
            ? new JsonObject { ["up_to"] = UpTo(i, count), ["package_size"] = "7", ["package_price"] = Number() }
            : new JsonObject { ["up_to"] = UpTo(i, count), ["flat"] = Maybe(Number), [rate] = Number() });
    }

    private static string? UpTo(int tier, int count) => tier == count - 1 ? null : string.Create(CultureInfo.InvariantCulture, $"{(tier + 1) * 10}.50");

    private string Number() => _random.Next(4) switch
    {
        0 => "0.10",
        1 => _random.Next(1000).ToString(CultureInfo.InvariantCulture),
        2 => $"0.{_random.NextInt64(1, 1_000_000_000_000):D12}",
        _ => $"00{_random.Next(100)}.{_random.Next(100):D2}",
    };

    private static JsonArray Some(int most, Func<int, JsonNode?> make) => [.. Enumerable.Range(0, most).Select(make)];

    private JsonArray Some(int least, int below, Func<int, JsonNode?> make) => Some(_random.Next(least, below), make);

    private JsonArray Shuffled(JsonArray list)
    {
        JsonNode?[] items = [.. list];
        list.Clear();
        _random.Shuffle(items);
        return [.. items];
    }

    private string Name() => Pick(s_names);

    private JsonNode? Flag() => Chance(2) ? null : Chance(2);

    private bool Chance(int oneIn) => _random.Next(oneIn) == 0;

    private string? Maybe(Func<string> make) => Chance(2) ? make() : null;

    private string Pick(params string[] choices) => choices[_random.Next(choices.Length)];
}
