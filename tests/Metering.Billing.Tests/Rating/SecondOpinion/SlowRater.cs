using System.Numerics;

namespace Metering.Billing.Tests.Rating.SecondOpinion;

/// <summary>
/// Rates a case sentence by sentence as the charge models are written, with school fractions and nothing else: slow and obviously right.
/// Shares no code with production.
/// </summary>
internal sealed class SlowRater(PlainCase request)
{
    private readonly int _places = request.Currency switch { "JPY" => 0, "KWD" => 3, _ => 2 };
    private readonly string _rounding = request.Rounding ?? "half_away_from_zero";
    private readonly Ratio _share = Ratio.Min(Ratio.Of(request.Share ?? "1"), 1);
    private bool _isTooLarge;

    /// <summary>One line: kind, cell, exact, amount.</summary>
    public readonly record struct Line(string Kind, string Cell, Ratio Exact, Ratio Amount);

    /// <summary>Gross, after discounts, after the minimum, after the maximum.</summary>
    private readonly record struct Ladder(Ratio Gross, Ratio Discounted, Ratio Raised, Ratio Net);

    private readonly record struct Rated(Ratio Billable, Ladder Exact, Ladder Amount, List<Line> CellLines);

    /// <summary>The answer's fields as text; null when an amount is beyond a long.</summary>
    public string? Answer()
    {
        Rated total = Rate(request.Quantity, request.Closing ?? true);
        Rated before = Before();
        List<Line> lines = [.. total.CellLines];
        Ladder exact = Less(total.Exact, before.Exact);
        Ladder amount = Less(total.Amount, before.Amount);
        bool isMatrix = request.Component.Model == "matrix";
        Line usage = isMatrix
            ? new Line("usage", "", exact.Gross - total.Exact.Gross, amount.Gross - total.Amount.Gross)
            : new Line("usage", "", exact.Gross, amount.Gross);
        lines.AddRange(Shown(isMatrix, [usage, .. Modifiers("", exact, amount)]));

        Ratio[] differences = [amount.Gross, amount.Discounted, amount.Raised, amount.Net];
        return _isTooLarge || differences.Any(TooLarge)
            ? null
            : $"{Money(amount.Net)} {exact.Net} total {Money(total.Amount.Net)} {total.Exact.Net} already {Money(before.Amount.Net)} "
              + $"billable {total.Billable - before.Billable} before {before.Billable} "
              + string.Join(" ", lines.Select(line => $"{line.Kind}[{line.Cell}] {Money(line.Amount)} {line.Exact}"));
    }

    private Rated Before()
    {
        Ladder nothing = new(0, 0, 0, 0);
        Rated rated = request.Already?.Quantity is not { } quantity ? new Rated(0, nothing, nothing, [])
            : request.Component.Model == "percentage" ? new Rated(Ratio.Of(quantity), nothing, nothing, [])
            : Rate(quantity, closing: false);
        if (request.Already?.Amount is not { } given)
        {
            return rated;
        }

        return rated with { Exact = Plus(rated.Exact, Ratio.Of(given) - rated.Exact.Net), Amount = Plus(rated.Amount, Round(Ratio.Of(given)) - rated.Amount.Net) };
    }

    private Rated Rate(string? quantity, bool closing) =>
        request.Component.Model == "matrix" ? RateMatrix(closing) : RateOne(request.Component, quantity, request.Events ?? [], closing);

    private Rated RateMatrix(bool closing)
    {
        List<Line> lines = [];
        Ratio billable = 0;
        Ratio exactSum = 0;
        Ratio amountSum = 0;
        foreach (PlainCell cell in request.Cells!.Where(cell => Ratio.Of(cell.Quantity) != Ratio.Zero))
        {
            PlainComponent component = request.Component.Cells!.FirstOrDefault(one => Key(one.Key) == Key(cell.Key))?.Component ?? request.Component.Default!;
            Rated rated = RateOne(component, cell.Quantity, [], closing);
            string key = Key(cell.Key);
            lines.AddRange(Shown(false, [new Line("usage", key, rated.Exact.Gross, rated.Amount.Gross), .. Modifiers(key, rated.Exact, rated.Amount)]));
            billable += rated.Billable;
            exactSum += rated.Exact.Net;
            amountSum += rated.Amount.Net;
        }

        return new Rated(billable, Climb(request.Component, exactSum, closing), Map(Climb(request.Component, amountSum, closing), Round), lines);
    }

    private Rated RateOne(PlainComponent component, string? quantity, PlainEvent[] events, bool closing)
    {
        Ratio q = quantity is null ? Ratio.Sum(events.Select(one => Ratio.Of(one.Value))) : Ratio.Of(quantity);
        if (component.Conversion is { } conversion)
        {
            q = conversion.Op == "divide" ? q / Ratio.Of(conversion.Factor) : q * Ratio.Of(conversion.Factor);
            q = conversion.Round is null or "none" ? q : q.Round(conversion.Round, conversion.Precision ?? 0);
        }

        if (component.Allowance is { } allowance)
        {
            Ratio free = Ratio.Of(allowance) * _share;
            q = q > free ? q - free : Ratio.Min(q, 0);
        }

        Ratio gross = component.Model == "percentage" ? Percentage(component, events) : Gross(component, q);
        Ladder exact = Climb(component, gross, closing);
        return new Rated(q, exact, Map(exact, Round), []);
    }

    private Ratio Gross(PlainComponent component, Ratio q) => component.Model switch
    {
        "flat" => _share > 0 ? Ratio.Of(component.Amount!) : 0,
        "per_unit" => q * Ratio.Of(component.Unit!),
        "package" => Packages(q, component.PackageSize!, component.PackagePrice!, component.Partial ?? "up"),
        "dynamic" => q * Ratio.Of(component.Multiplier ?? "1"),
        "graduated" or "graduated_percentage" => Graduated(component, q),
        "volume" => Volume(component, q),
        "licensed" when component.Amount is not null => _share > 0 ? Ratio.Of(component.Amount) : 0,
        "licensed" when component.Unit is not null => q * Ratio.Of(component.Unit),
        "licensed" when component.PackageSize is not null => Packages(q, component.PackageSize, component.PackagePrice!, component.Partial ?? "up"),
        "licensed" => component.Mode == "volume" ? Volume(component, q) : Graduated(component, q),
        _ => throw new ArgumentException(component.Model),
    };

    private static Ratio Packages(Ratio q, string size, string price, string partial)
    {
        Ratio count = q / Ratio.Of(size);
        return new Ratio(partial == "up" ? count.Ceiling() : count.Floor(), 1) * Ratio.Of(price);
    }

    private static Ratio InTier(PlainTier tier, Ratio share) =>
        tier.PackageSize is not null ? Packages(share, tier.PackageSize, tier.PackagePrice!, "up")
        : tier.Percent is not null ? share * Ratio.Of(tier.Percent) / 100
        : share * Ratio.Of(tier.Unit ?? "0");

    private Ratio FlatFee(PlainComponent component, PlainTier tier, Ratio q) =>
        q == Ratio.Zero && (component.FlatAtZero == false || _share == Ratio.Zero) ? 0 : Ratio.Of(tier.Flat ?? "0");

    private Ratio Graduated(PlainComponent component, Ratio q)
    {
        PlainTier[] tiers = component.Tiers!;
        if (q <= 0)
        {
            return FlatFee(component, tiers[0], q) + InTier(tiers[0], q);
        }

        Ratio sum = 0;
        for (int i = 0; i < tiers.Length; i++)
        {
            Ratio previous = i == 0 ? 0 : Ratio.Of(tiers[i - 1].UpTo!);
            if (q > previous)
            {
                Ratio reached = tiers[i].UpTo is { } upTo ? Ratio.Min(q, Ratio.Of(upTo)) : q;
                sum += FlatFee(component, tiers[i], q) + InTier(tiers[i], reached - previous);
            }
        }

        return sum;
    }

    private Ratio Volume(PlainComponent component, Ratio q)
    {
        PlainTier holding = component.Tiers!.First(tier => tier.UpTo is null || q <= Ratio.Of(tier.UpTo));
        return FlatFee(component, holding, q) + InTier(holding, q);
    }

    private Ratio Percentage(PlainComponent component, PlainEvent[] events)
    {
        Ratio[] values = [.. events.OrderBy(one => one.At, StringComparer.Ordinal).ThenBy(one => one.At is null ? "" : one.Id, StringComparer.Ordinal).Select(one => Ratio.Of(one.Value))];
        Ratio sum = 0;
        for (int i = 0; i < values.Length; i++)
        {
            Ratio[] earlier = [.. values.Take(i).Where(value => value >= 0)];
            Ratio percent = Ratio.Of(component.Percent!) / 100;
            if (values[i] < 0)
            {
                sum += values[i] * percent;
                continue;
            }

            Ratio free = Free(component, values[i], earlier, out bool isEligible);
            if (!isEligible || free != values[i])
            {
                Ratio fee = ((values[i] - free) * percent) + Ratio.Of(component.Fixed ?? "0");
                fee = component.MinPerEvent is { } min ? Ratio.Max(fee, Ratio.Of(min)) : fee;
                sum += component.MaxPerEvent is { } max ? Ratio.Min(fee, Ratio.Of(max)) : fee;
            }
        }

        return sum;
    }

    private Ratio Free(PlainComponent component, Ratio value, Ratio[] earlier, out bool isEligible)
    {
        isEligible = component.FreeEvents is not null || component.FreeAmount is not null;
        if (component.FreeEvents is { } n)
        {
            isEligible &= earlier.Length < (n * _share).Ceiling();
        }

        Ratio left = 0;
        if (component.FreeAmount is { } a)
        {
            left = (Ratio.Of(a) * _share) - Ratio.Sum(earlier);
            isEligible &= left > 0;
        }

        return !isEligible ? 0 : component.FreeAmount is null ? value : Ratio.Min(value, left);
    }

    private Ladder Climb(PlainComponent component, Ratio gross, bool closing)
    {
        Ratio net = gross;
        foreach (PlainDiscount discount in (component.Discounts ?? []).Where(one => one.Percent is not null))
        {
            net *= 1 - (Ratio.Of(discount.Percent!) / 100);
        }

        foreach (PlainDiscount discount in (component.Discounts ?? []).Where(one => one.Amount is not null))
        {
            net = net > 0 ? Ratio.Max(net - Ratio.Of(discount.Amount!), 0) : net;
        }

        Ratio raised = closing && component.Minimum is { } minimum ? Ratio.Max(net, Ratio.Of(minimum) * _share) : net;
        return new Ladder(gross, net, raised, component.Maximum is { } maximum ? Ratio.Min(raised, Ratio.Of(maximum) * _share) : raised);
    }

    private static IEnumerable<Line> Modifiers(string cell, Ladder exact, Ladder amount) =>
    [
        new("discount", cell, exact.Discounted - exact.Gross, amount.Discounted - amount.Gross),
        new("minimum", cell, exact.Raised - exact.Discounted, amount.Raised - amount.Discounted),
        new("maximum", cell, exact.Net - exact.Raised, amount.Net - amount.Raised),
    ];

    private static IEnumerable<Line> Shown(bool isUsageOptional, Line[] lines) =>
        lines.Where((line, i) => (i == 0 && !isUsageOptional) || line.Exact != Ratio.Zero || line.Amount != Ratio.Zero);

    private Ratio Round(Ratio value)
    {
        Ratio rounded = value.Round(_rounding, _places);
        _isTooLarge |= TooLarge(rounded);
        return rounded;
    }

    private string Money(Ratio value) => value.Fixed(_places);

    private bool TooLarge(Ratio value)
    {
        Ratio units = value * new Ratio(BigInteger.Pow(10, _places), 1);
        return units.Numerator > long.MaxValue || units.Numerator < long.MinValue;
    }

    private static Ladder Map(Ladder one, Func<Ratio, Ratio> to) => new(to(one.Gross), to(one.Discounted), to(one.Raised), to(one.Net));

    private static Ladder Less(Ladder a, Ladder b) => new(a.Gross - b.Gross, a.Discounted - b.Discounted, a.Raised - b.Raised, a.Net - b.Net);

    private static Ladder Plus(Ladder a, Ratio b) => Map(a, value => value + b);

    private static string Key(Dictionary<string, string> key) => string.Join(",", key.OrderBy(one => one.Key, StringComparer.Ordinal).Select(one => $"{one.Key}={one.Value}"));
}
