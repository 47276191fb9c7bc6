using Metering.Billing.Periods;
using Metering.Billing.Zones;

namespace Metering.Billing.Calculator;

/// <summary>One case of <c>periods</c>: which periods of which cadence are asked for.</summary>
internal sealed class PeriodsCase
{
    /// <summary>Rows one case may have.</summary>
    public const int MaxRows = 1000;

    private const string NotInTheYears = "a period reaches outside the years 1 to 9999";

    private static readonly (string Name, IntervalUnit Unit)[] s_units =
    [
        ("day", IntervalUnit.Day), ("week", IntervalUnit.Week), ("month", IntervalUnit.Month), ("quarter", IntervalUnit.Quarter),
        ("half_year", IntervalUnit.HalfYear), ("year", IntervalUnit.Year),
    ];

    private readonly JsonFields _fields;
    private readonly List<Problem> _problems;
    private readonly ZoneRules _zone;

    private PeriodsCase(JsonFields fields, List<Problem> problems, IZoneSource zones)
    {
        _fields = fields;
        _problems = problems;
        _zone = fields.Zone(zones);
    }

    public static PeriodRows Compute(JsonFields fields, List<Problem> problems, IZoneSource zones)
    {
        try
        {
            return new PeriodsCase(fields, problems, zones).Rows();
        }
        catch (ArgumentOutOfRangeException)
        {
            problems.Add(new Problem("", NotInTheYears));
            return PeriodRows.None;
        }
    }

    private PeriodRows Rows()
    {
        DateTimeOffset? start = Required("start");
        DateTimeOffset? from = _fields.Instant("from", _zone) ?? start;
        DateTimeOffset? end = _fields.Instant("end", _zone);
        DateTimeOffset? until = _fields.Instant("until", _zone);
        int? count = _fields.Integer("count", 1, MaxRows);
        BillingInterval interval = Interval();
        BillingAnchor? anchor = Anchor(interval, from);
        _fields.Close();
        if (count is null && until is null)
        {
            _fields.Refuse("count", "is required, unless until is given");
        }

        if (end < start)
        {
            _fields.Refuse("end", "must not be before start");
        }

        return _problems.Count > 0 ? PeriodRows.None : List(new Cadence(_zone, interval, anchor!), start!.Value, from!.Value, end, until, count);
    }

    private PeriodRows List(Cadence cadence, DateTimeOffset start, DateTimeOffset from, DateTimeOffset? end, DateTimeOffset? until, int? count)
    {
        Timeline timeline = Timeline.Beginning(start, cadence);
        timeline = end is { } last ? timeline.EndingAt(last) : timeline;
        List<BillingPeriod> rows =
        [
            .. timeline.From(from).TakeWhile(period => until is null || period.Full.Start < until).Take(count ?? (MaxRows + 1)),
        ];
        if (rows.Count > MaxRows)
        {
            _fields.Refuse("until", $"gives more than {MaxRows} periods");
        }

        return new PeriodRows(_zone, rows);
    }

    private DateTimeOffset? Required(string name)
    {
        if (!_fields.Has(name))
        {
            _fields.Refuse(name, "is required");
        }

        return _fields.Instant(name, _zone);
    }

    private BillingInterval Interval()
    {
        if (_fields.Object("interval") is not { } fields)
        {
            _fields.Refuse("interval", "is required");
            return default;
        }

        if (!fields.Has("unit"))
        {
            fields.Refuse("unit", "is required");
        }

        IntervalUnit unit = fields.Choice("unit", IntervalUnit.Month, s_units);
        int count = fields.Integer("count", 1, BillingInterval.MaxCount) ?? 1;
        fields.Close();
        return new BillingInterval(unit, count);
    }

    /// <summary>Null beside a problem.</summary>
    private BillingAnchor? Anchor(BillingInterval interval, DateTimeOffset? from)
    {
        if (_fields.Object("anchor") is not { } fields)
        {
            _fields.Refuse("anchor", "is required");
            return null;
        }

        bool calendar = fields.Flag("calendar") == true;
        InstantText? at = fields.Time("at");
        int? day = fields.Integer("day", 1, 31);
        fields.Close();
        if (calendar)
        {
            return Calendar(fields, interval, from);
        }

        if (!fields.Has("at"))
        {
            fields.Refuse("at", "is required, unless calendar is true");
        }

        DateTime? local = at?.LocalIn(_zone);
        return local is null ? null : day is { } number ? BillingAnchor.OnDay(local.Value, number) : BillingAnchor.At(local.Value);
    }

    private BillingAnchor? Calendar(JsonFields fields, BillingInterval interval, DateTimeOffset? from)
    {
        if (fields.Has("at") || fields.Has("day"))
        {
            fields.Refuse("calendar", "takes neither at nor day beside it");
        }

        if (interval.Count > 1)
        {
            _problems.Add(new Problem("interval.count", "must be 1 with a calendar anchor"));
        }

        return from is { } instant ? BillingAnchor.Calendar(_zone.DateOf(instant).ToDateTime(TimeOnly.MinValue), interval.Unit) : null;
    }
}
