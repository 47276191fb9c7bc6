using System.Globalization;

namespace Metering.Billing.Tests.Rating.SecondOpinion;

/// <summary>Cases from a seed: every model and modifier, and quantities that like zero, bounds, a hair beyond them, and extremes.</summary>
internal sealed class CaseMaker(int seed)
{
    private static readonly string[] s_models = ["flat", "licensed", "per_unit", "graduated", "volume", "package", "graduated_percentage", "percentage", "dynamic", "matrix"];

    private readonly Random _random = new(seed);
    private readonly List<string> _bounds = [];

    public PlainCase Make()
    {
        string model = Pick(s_models);
        PlainComponent component = Modified(Model(model), model);
        bool hasEvents = model == "percentage" || (model is "dynamic" or "graduated_percentage" && Chance(2));
        string? quantity = hasEvents || model == "matrix" || (model == "flat" && Chance(2)) ? null : model == "licensed" && component.FractionalSeats != true ? Seats() : model == "licensed" ? Positive() : Quantity();
        return new PlainCase
        {
            Currency = Pick("USD", "EUR", "JPY", "KWD"),
            Rounding = Maybe(() => Pick("half_away_from_zero", "half_even", "half_up", "up", "down")),
            Quantity = quantity,
            Events = hasEvents ? Events() : null,
            Cells = model == "matrix" ? Cells() : null,
            Already = Maybe(() => Already(model, component)),
            Closing = Chance(2) ? null : Chance(2),
            Share = Maybe(() => Pick("1", "0", "15/31", "1/2", "0.25", "28/31", "1/7", "4/3")),
            Component = component,
        };
    }

    private PlainAlready Already(string model, PlainComponent component)
    {
        string? amount = Maybe(Number);
        string? quantity = model == "matrix" || (model == "percentage" && amount is null) ? null : Maybe(() => model != "licensed" ? Quantity() : component.FractionalSeats == true ? Positive() : Seats());
        return new PlainAlready(quantity, amount);
    }

    private PlainComponent Model(string model) => model switch
    {
        "flat" => new PlainComponent { Model = model, Amount = Number() },
        "licensed" => Licensed(),
        "per_unit" => new PlainComponent { Model = model, Unit = Number() },
        "package" => new PlainComponent { Model = model, PackageSize = Bound(Size()), PackagePrice = Number(), Partial = Maybe(() => Pick("up", "down")) },
        "dynamic" => new PlainComponent { Model = model, Multiplier = Maybe(Number) },
        "percentage" => Percentage(),
        "matrix" => Matrix(),
        _ => new PlainComponent { Model = model, Tiers = Tiers(model, Number), FlatAtZero = Chance(3) ? Chance(2) : null },
    };

    private PlainComponent Licensed() => _random.Next(4) switch
    {
        0 => new PlainComponent { Model = "licensed", Amount = Positive(), FractionalSeats = Parts() },
        1 => new PlainComponent { Model = "licensed", Unit = Positive(), FractionalSeats = Parts() },
        2 => new PlainComponent { Model = "licensed", PackageSize = Bound(Size()), PackagePrice = Positive(), FractionalSeats = Parts() },
        _ => new PlainComponent { Model = "licensed", Tiers = Tiers("licensed", Positive), Mode = Maybe(() => Pick("graduated", "volume")), FractionalSeats = Parts() },
    };

    private PlainComponent Percentage()
    {
        string[] bounds = [Positive(), Positive()];
        Ratio[] order = [.. bounds.Select(Ratio.Of).OrderBy(one => one, Comparer<Ratio>.Create((a, b) => a < b ? -1 : a > b ? 1 : 0))];
        return new PlainComponent
        {
            Model = "percentage",
            Percent = Number(),
            Fixed = Maybe(Number),
            FreeEvents = Chance(2) ? null : _random.Next(4),
            FreeAmount = Maybe(() => Bound(Positive())),
            MinPerEvent = Maybe(() => order[0].ToString()),
            MaxPerEvent = Maybe(() => order[1].ToString()),
        };
    }

    private PlainComponent Matrix() => new()
    {
        Model = "matrix",
        Dimensions = ["m", "r"],
        Cells = [.. Enumerable.Range(0, _random.Next(3)).Select(i => new PlainMatrixCell(Key(i), CellComponent()))],
        Default = CellComponent(),
    };

    private PlainComponent CellComponent()
    {
        string model = Pick("per_unit", "graduated", "volume", "package");
        return Modified(Model(model), model);
    }

    private PlainCell[] Cells() => [.. Enumerable.Range(0, _random.Next(4)).Select(i => new PlainCell(Key(i), Quantity()))];

    private static Dictionary<string, string> Key(int i) => new() { ["r"] = "eu", ["m"] = $"model-{i}" };

    private PlainComponent Modified(PlainComponent component, string model)
    {
        bool hasQuantity = model is not ("flat" or "percentage" or "matrix");
        string low = Positive();
        string? minimum = Maybe(() => low);
        return component with
        {
            Conversion = hasQuantity && Chance(3) ? Conversion() : null,
            Allowance = hasQuantity && Chance(3) ? Bound(Positive()) : null,
            Discounts = Chance(3) ? [.. Enumerable.Range(0, _random.Next(4)).Select(_ => Discount())] : null,
            Minimum = Chance(2) ? minimum : null,
            Maximum = Chance(4) ? (Ratio.Of(low) + _random.Next(20)).ToString() : null,
        };
    }

    private PlainConversion Conversion() => new(Pick("multiply", "divide"), Pick("1000", "3", "0.001", "7.5", "1"), Maybe(() => Pick("none", "up", "down", "half_up")), Chance(2) ? null : _random.Next(-3, 4));

    private PlainDiscount Discount() => Chance(2) ? new PlainDiscount(Pick("50", "10", "33.333333333333", "100", "0"), null) : new PlainDiscount(null, Positive());

    private PlainTier[] Tiers(string model, Func<string> price)
    {
        int count = _random.Next(1, 5);
        PlainTier[] tiers = new PlainTier[count];
        Ratio bound = 0;
        for (int i = 0; i < count; i++)
        {
            bound += Ratio.Of(Pick("10", "0.5", "100", "0.000000000001", "33"));
            string? upTo = i == count - 1 ? null : Bound(bound.ToString());
            tiers[i] = model == "graduated_percentage" || (model == "graduated" && Chance(5)) ? new PlainTier(upTo, Maybe(price), null, Number(), null, null)
                : Chance(3) ? new PlainTier(upTo, Maybe(price), null, null, Bound(Size()), price())
                : new PlainTier(upTo, Maybe(price), Chance(5) ? null : price(), null, null, null);
        }

        return tiers;
    }

    private PlainEvent[] Events()
    {
        bool hasTimes = Chance(2);
        return [.. Enumerable.Range(0, _random.Next(7)).Select(i => new PlainEvent(Quantity(), hasTimes ? $"2026-01-0{_random.Next(1, 4)}T00:00:0{_random.Next(3)}Z" : null, hasTimes ? $"{Pick("a", "B", "é", "z")}{i}" : null))];
    }

    /// <summary>Of either sign; often zero, a bound, or a hair beside one.</summary>
    private string Quantity()
    {
        string value = _random.Next(8) switch
        {
            0 => "0",
            1 or 2 when _bounds.Count > 0 => _bounds[_random.Next(_bounds.Count)],
            3 when _bounds.Count > 0 => (Ratio.Of(_bounds[_random.Next(_bounds.Count)]) + Ratio.Of(Pick("0.001", "-0.001", "0.000000000001"))).ToString(),
            4 when Chance(20) => Pick("1000000000000000000000000000", "999999999999999.999999999999", "10"),
            _ => Positive(),
        };
        return value[0] != '-' && Chance(5) && value != "0" ? "-" + value : value;
    }

    private string Number() => (Chance(6) ? "-" : "") + Positive();

    private string Positive() => _random.Next(5) switch
    {
        0 => "0",
        1 => _random.Next(1000).ToString(CultureInfo.InvariantCulture),
        2 => $"{_random.Next(100)}.{_random.Next(1, 100):D2}",
        3 => $"0.{_random.NextInt64(1, 1_000_000_000_000):D12}",
        _ => $"{_random.Next(100_000)}.{_random.Next(1, 10)}",
    };

    private string Seats() => _random.Next(30).ToString(CultureInfo.InvariantCulture);

    private bool? Parts() => Chance(2) ? null : Chance(2);

    private string Size() => Pick("10", "1", "0.3", "1000", "7");

    private string Bound(string value)
    {
        _bounds.Add(value);
        return value;
    }

    private bool Chance(int oneIn) => _random.Next(oneIn) == 0;

    private T? Maybe<T>(Func<T> make)
        where T : class => Chance(2) ? make() : null;

    private string Pick(params string[] choices) => choices[_random.Next(choices.Length)];
}
