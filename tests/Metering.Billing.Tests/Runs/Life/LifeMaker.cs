using Metering.Billing.Tests.Rating.SecondOpinion;

namespace Metering.Billing.Tests.Runs.Life;

/// <summary>Which parts of the rules a life may use.</summary>
[Flags]
internal enum Ways
{
    None = 0,
    Tax = 1,
    Discounts = 2,
    Voids = 4,
    Commitments = 8,
    Intervals = 16,
    Prices = 32,
    All = 63,
    Grants = 64,
    WriteOffs = 128,
    Aggregations = 256,
    Everything = 511,
}

/// <summary>Plans, discounts and taxes of one life, from a seed.</summary>
internal sealed class LifeMaker(Random random, Ways ways)
{
    private static readonly string[] s_units = ["week", "month", "month", "quarter", "half_year", "year"];

    private readonly Dictionary<string, (string Unit, int Count)> _intervals = [];

    /// <summary>With commitments no plan changes an interval: what a commitment's period is when its longest component changes is not decided.</summary>
    private readonly bool _commits = (ways & Ways.Commitments) != 0 && ((ways & Ways.Intervals) == 0 || random.Next(2) == 0);

    private bool Has(Ways way) => (ways & way) != 0;

    public LifeAnchor Anchor() => !Has(Ways.Intervals) ? new LifeAnchor(Pick("anniversary", "calendar"))
        : Pick("anniversary", "calendar", "instant", "day") is var kind && kind == "day" ? new LifeAnchor(kind, random.Next(1, 32)) : new LifeAnchor(kind);

    public string Zone() => Has(Ways.Intervals) ? Pick(LocalClock.Zones) : Pick("UTC", "Europe/Berlin");

    public LifePlan[] Plans(LifeAnchor anchor)
    {
        LifePlan[] plans = [.. Enumerable.Range(0, 4).Select(i => Plan($"p{i}", anchor))];
        LifeCommitment promise = new("spend", $"{random.Next(20, 400)}.{random.Next(10)}", [.. new[] { "base", "support", "calls", "other" }.Where(_ => Chance(2)).DefaultIfEmpty("calls")], Chance(3));
        return !_commits ? plans : [.. plans.Select(plan => Chance(3) ? plan : plan with { Commitment = promise with { Amount = Chance(3) ? "150" : promise.Amount } })];
    }

    public LifeDiscount[] Discounts(DateTimeOffset start, bool hasTrial) => !Has(Ways.Discounts) || hasTrial ? [] :
    [
        .. Enumerable.Range(0, random.Next(3)).Select(_ => new LifeDiscount(
            Chance(3) ? null : Pick("10", "33.3", "50", "100"), null, Chance(2) ? null : random.Next(1, 4), start.AddMinutes(random.Next(0, 60 * 24 * 200)), Chance(2) ? null : [Pick("base", "seats"), Pick("calls", "support")]))
            .Select(one => one.Percent is null ? one with { Amount = Pick("5", "12.34", "200") } : one),
    ];

    public LifeTaxRule[] Taxes(DateTimeOffset start) => !Has(Ways.Tax) ? [] :
    [
        .. new[] { "", "a", "b" }.SelectMany(category => Enumerable.Range(0, random.Next(3)).Select(n => new LifeTaxRule(
            category, new LifeRate($"{category}{n}", Pick("19", "7", "8.875", "20"), Chance(2)), start.AddDays(n == 0 ? -400 : random.Next(10, 500))))),
    ];

    private LifePlan Plan(string name, LifeAnchor anchor)
    {
        string unit = Has(Ways.Intervals) && Chance(2) ? Pick(s_units) : "month";
        LifeItem[] items =
        [
            Item("base", "advance", anchor, unit, new PlainComponent { Model = "flat", Amount = Pick("5", "30", "99.99") }),
            Item("seats", "advance", anchor, unit, Seats()) with { PerSeat = true },
            Item("support", "arrears", anchor, unit, new PlainComponent { Model = "flat", Amount = Pick("12.5", "77.77") }),
            Item("calls", "usage", anchor, unit, Calls()),
            Item("other", "usage", anchor, unit, Has(Ways.Prices) ? Other() : Calls()),
            Item("setup", "once", anchor, unit, new PlainComponent { Model = "flat", Amount = Pick("50", "80") }),
        ];
        return new LifePlan(name, [.. items.Where(item => item.Component == "base" || !Chance(4))]);
    }

    private LifeItem Item(string component, string timing, LifeAnchor anchor, string unit, PlainComponent price)
    {
        string own = Has(Ways.Intervals) && Chance(4) ? Pick(s_units) : unit;
        int count = Has(Ways.Intervals) && anchor.Kind != "calendar" && Chance(6) ? random.Next(2, 4) : 1;
        (own, count) = _commits ? _intervals.TryGetValue(component, out (string, int) same) ? same : _intervals[component] = (own, count) : (own, count);
        string proration = Has(Ways.Intervals) ? Pick("day", "day", "day", "second", "none") : "day";
        return new LifeItem(component, timing, own, count, proration, Pick("", "a", "b"), price);
    }

    private PlainComponent Seats() => !Has(Ways.Prices) || Chance(2)
        ? new PlainComponent { Model = "licensed", Unit = Pick("7.99", "5.01") }
        : new PlainComponent { Model = "licensed", Tiers = [new PlainTier("2", "1", "9.99", null, null, null), new PlainTier(null, null, "4.5", null, null, null)], Mode = Pick("graduated", "volume") };

    private PlainComponent Calls() => (random.Next(3), random.Next(2)) switch
    {
        (0, _) => new PlainComponent { Model = "graduated", Tiers = [new PlainTier("10", null, "1", null, null, null), new PlainTier(null, null, "0.5", null, null, null)] },
        (1, _) => new PlainComponent { Model = "per_unit", Unit = "3.333", Allowance = "5", Minimum = "4" },
        (_, 0) => new PlainComponent { Model = "package", PackageSize = "4", PackagePrice = "2.5" },
        _ => new PlainComponent { Model = "per_unit", Unit = "1.5", Maximum = "20" },
    };

    private PlainComponent Other() => random.Next(5) switch
    {
        0 => new PlainComponent { Model = "volume", Tiers = [new PlainTier("10", "10", "2", null, null, null), new PlainTier("20", null, "1", null, null, null), new PlainTier(null, "5", "0.5", null, null, null)], FlatAtZero = Chance(2) },
        1 => new PlainComponent { Model = "percentage", Percent = "2.9", Fixed = "0.3", FreeEvents = 2, FreeAmount = "6", MinPerEvent = "0.5", MaxPerEvent = "4" },
        2 => new PlainComponent { Model = "matrix", Dimensions = ["m"], Cells = [new PlainMatrixCell(new() { ["m"] = "x" }, new PlainComponent { Model = "per_unit", Unit = "2", Allowance = "3" })], Default = Calls() },
        3 => new PlainComponent { Model = "per_unit", Unit = "12", Conversion = new PlainConversion("divide", "7", "up", 0) },
        _ => new PlainComponent { Model = "graduated", Tiers = [new PlainTier("5", "2", null, null, "2", "3"), new PlainTier(null, "3", "5", null, null, null)] },
    };

    private bool Chance(int oneIn) => random.Next(oneIn) == 0;

    private string Pick(params string[] choices) => choices[random.Next(choices.Length)];
}
