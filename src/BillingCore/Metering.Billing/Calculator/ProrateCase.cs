using Metering.Billing.Periods;
using Metering.Billing.Proration;
using Metering.Billing.Zones;

namespace Metering.Billing.Calculator;

/// <summary>One case of <c>prorate</c>: the charges of one period in which something changes.</summary>
internal sealed class ProrateCase
{
    /// <summary>Charges one case may have.</summary>
    public const int MaxCharges = 1000;

    private static readonly (string Name, ChargeTiming Timing)[] s_timings =
    [
        ("advance", ChargeTiming.Advance), ("arrears", ChargeTiming.Arrears), ("once", ChargeTiming.Once), ("usage", ChargeTiming.Usage),
    ];

    private readonly JsonFields _fields;
    private readonly List<Problem> _problems;
    private readonly ZoneRules _zone;

    private ProrateCase(JsonFields fields, List<Problem> problems, IZoneSource zones)
    {
        _fields = fields;
        _problems = problems;
        _zone = fields.Zone(zones);
    }

    public static ProrateAnswer? Compute(JsonFields fields, List<Problem> problems, IZoneSource zones)
    {
        try
        {
            return new ProrateCase(fields, problems, zones).Answer();
        }
        catch (ArgumentOutOfRangeException)
        {
            problems.Add(new Problem("", "a time is outside the years 1 to 9999"));
            return null;
        }
    }

    private ProrateAnswer? Answer()
    {
        Currency? currency = CurrencyOf();
        ProrationUnit unit = _fields.Choice("unit", ProrationUnit.Day, ("day", ProrationUnit.Day), ("second", ProrationUnit.Second), ("none", ProrationUnit.None));
        TimeRange period = Period();
        List<ProratedCharge> charges = Charges(period, currency);
        _fields.Close();
        if (_problems.Count > 0)
        {
            return null;
        }

        ProrationClock clock = new(period, unit, _zone);
        return new ProrateAnswer(clock, Change.Of(clock, currency!, charges));
    }

    private Currency? CurrencyOf()
    {
        string code = _fields.RequiredText("currency");
        Currency? currency = Currency.Find(code);
        if (currency is null && _fields.Has("currency"))
        {
            _fields.Refuse("currency", $"'{code}' is not a currency of ISO 4217");
        }

        return currency;
    }

    private TimeRange Period()
    {
        if (_fields.Texts("period") is not { } texts)
        {
            _fields.Refuse("period", "is required");
        }
        else if (texts.Count != 2 || !InstantText.TryParse(texts[0], out InstantText start) || !InstantText.TryParse(texts[1], out InstantText end))
        {
            _fields.Refuse("period", $"must be a list of its start and its end, and each {InstantText.Expected}");
        }
        else if (end.In(_zone) < start.In(_zone))
        {
            _fields.Refuse("period", "must not end before it begins");
        }
        else
        {
            return new TimeRange(start.In(_zone), end.In(_zone));
        }

        return default;
    }

    private List<ProratedCharge> Charges(TimeRange period, Currency? currency)
    {
        if (_fields.Objects("charges") is not { } list)
        {
            _fields.Refuse("charges", "is required");
            return [];
        }

        if (list.Count > MaxCharges)
        {
            _fields.Refuse("charges", $"has {list.Count} entries; at most {MaxCharges} are allowed");
            return [];
        }

        return list.ConvertAll(charge => ChargeOf(charge, period, currency));
    }

    private ProratedCharge ChargeOf(JsonFields fields, TimeRange period, Currency? currency)
    {
        string id = fields.RequiredText("id");
        Fraction amount = fields.RequiredNumber("amount");
        ChargeTiming timing = fields.Choice("timing", ChargeTiming.Advance, s_timings);
        DateTimeOffset? from = fields.Instant("from", _zone);
        DateTimeOffset? to = fields.Instant("to", _zone);
        if (to < from)
        {
            fields.Refuse("to", "must not be before from");
            to = from;
        }

        Billed? billed = BilledOf(fields, currency);
        fields.Close();
        DateTimeOffset start = period.Clamp(from ?? period.Start);
        DateTimeOffset end = period.Clamp(to ?? period.End);
        return new ProratedCharge(id, amount, timing, new TimeRange(start, end), billed);
    }

    private static Billed? BilledOf(JsonFields fields, Currency? currency)
    {
        Money? billed = MoneyOf(fields, "billed", currency);
        Money? credited = MoneyOf(fields, "credited", currency);
        if (credited?.Sign < 0)
        {
            fields.Refuse("credited", "must not be below zero");
        }

        return billed is { } net ? new Billed(net, credited ?? Money.Zero(net.Currency)) : null;
    }

    private static Money? MoneyOf(JsonFields fields, string name, Currency? currency)
    {
        if (fields.Number(name) is not { } amount || currency is null)
        {
            return null;
        }

        Money money = Money.Round(amount, currency);
        if (money.Exact != amount)
        {
            fields.Refuse(name, $"must be an amount of {currency}, which has {currency.Exponent} decimals");
        }

        return money;
    }
}
