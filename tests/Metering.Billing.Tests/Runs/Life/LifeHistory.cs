namespace Metering.Billing.Tests.Runs.Life;

internal enum Being
{
    Trial,
    Active,

    /// <summary>Paused; what was paid ahead is given back.</summary>
    Paused,

    /// <summary>Paused; what was paid ahead stays paid.</summary>
    Kept,
    Ended,
}

internal sealed record LifeFact(DateTimeOffset At, Being Being, LifePlan Plan, int Seats);

/// <summary>A stretch of time in which one fact holds.</summary>
internal sealed record Stretch(DateTimeOffset From, DateTimeOffset To, LifeFact Fact)
{
    public bool IsServed => Fact.Being is Being.Trial or Being.Active or Being.Kept;
}

/// <summary>A billing period: from boundary to boundary, and what of it is within the service.</summary>
/// <param name="Again">An earlier one has the same boundaries: its interval was given up and came back.</param>
internal sealed record LifePeriod(DateTimeOffset First, DateTimeOffset Last, DateTimeOffset Start, DateTimeOffset End, bool IsTrial, bool Again)
{
    public string Mark => Again ? $"{Start:O}" : "";

    /// <summary>Its component was added within it, to boundaries that were there.</summary>
    public bool IsAdded { get; init; }
}

/// <param name="Id">Tells equal times apart.</param>
internal sealed record LifeUse(string Component, DateTimeOffset At, string Value, string Cell, string Id);

/// <summary>How a subscription finds its boundaries: anniversary, instant, calendar, or a day of the month.</summary>
internal sealed record LifeAnchor(string Kind, int Day = 0);

/// <summary>The raw history: what happened when, in the order of time, and what was used.</summary>
internal sealed class LifeHistory(LocalClock clock, LifeAnchor anchor)
{
    private readonly Dictionary<(DateTimeOffset, string, int, int), DateTimeOffset> _boundaries = [];

    public List<LifeFact> Facts { get; } = [];

    public List<LifeUse> Uses { get; } = [];

    /// <summary>What the meter of a component makes of its events: sum (where it says nothing), max or unique.</summary>
    public Dictionary<string, string> Aggregations { get; } = [];

    public List<LifeDiscount> Discounts { get; } = [];

    public LocalClock Clock => clock;

    public DateTimeOffset? EndedAt => Facts[^1].Being == Being.Ended ? Facts[^1].At : null;

    public Stretch[] Stretches() =>
    [
        .. Facts.Select((fact, i) => new Stretch(fact.At, i + 1 < Facts.Count ? Facts[i + 1].At : DateTimeOffset.MaxValue, fact)).Where(one => one.From < one.To),
    ];

    /// <summary>In the order of first appearance.</summary>
    public string[] Components() => [.. Stretches().Where(one => one.IsServed).SelectMany(one => one.Fact.Plan.Items).Select(item => item.Component).Distinct()];

    /// <summary>Those that begin by then. The end of a trial and a change of interval start anew; all components share the anchor.</summary>
    public List<LifePeriod> Periods(string component, DateTimeOffset until)
    {
        List<(DateTimeOffset From, LifeItem Item, DateTimeOffset Anchor, bool IsTrial)> eras = [];
        Stretch[] served = [.. Stretches().Where(one => one.IsServed)];
        DateTimeOffset anniversary = served.Length > 0 ? served[0].From : default;
        for (int i = 0; i < served.Length; i++)
        {
            bool isTrial = served[i].Fact.Being == Being.Trial;
            anniversary = i > 0 && isTrial != (served[i - 1].Fact.Being == Being.Trial) ? served[i].From : anniversary;
            if (served[i].Fact.Plan.Find(component) is { } item && (eras.Count == 0 || (eras[^1].Item.Unit, eras[^1].Item.Count, eras[^1].IsTrial) != (item.Unit, item.Count, isTrial)))
            {
                DateTimeOffset zero = eras.Count > 0 && eras[^1].IsTrial == isTrial ? served[i].From : anniversary;
                eras.Add((eras.Count > 0 ? zero : served[i].From, item, zero, isTrial));
            }
        }

        List<LifePeriod> periods = [];
        for (int i = 0; i < eras.Count; i++)
        {
            DateTimeOffset stop = Earlier(i + 1 < eras.Count ? eras[i + 1].From : DateTimeOffset.MaxValue, EndedAt ?? DateTimeOffset.MaxValue);
            (DateTimeOffset from, LifeItem item, DateTimeOffset zero, bool isTrial) = eras[i];
            int k = 0;
            for (; Boundary(zero, item, k) > from; k--)
            {
            }

            for (; Boundary(zero, item, k) < stop && Boundary(zero, item, k) <= until; k++)
            {
                (DateTimeOffset first, DateTimeOffset last) = (Boundary(zero, item, k), Boundary(zero, item, k + 1));
                if (last > from && Later(first, from) <= until && Later(first, from) < stop)
                {
                    periods.Add(new LifePeriod(first, last, Later(first, from), Earlier(last, stop), isTrial, periods.Any(one => one.First == first && one.Last == last)) { IsAdded = first < from && zero != from });
                }
            }
        }

        return periods;
    }

    private DateTimeOffset Boundary(DateTimeOffset zero, LifeItem item, int k)
    {
        if (!_boundaries.TryGetValue((zero, item.Unit, item.Count, k), out DateTimeOffset boundary))
        {
            _boundaries.Add((zero, item.Unit, item.Count, k), boundary = Count(zero, item, k));
        }

        return boundary;
    }

    private DateTimeOffset Count(DateTimeOffset zero, LifeItem item, int k)
    {
        DateTime local = clock.Local(zero);
        DateTime start = anchor.Kind switch { "instant" => local, "calendar" => Calendar(local.Date, item.Unit), _ => local.Date };
        if (item.Unit is "day" or "week")
        {
            return clock.Instant(start.AddDays(k * item.Count * (item.Unit == "day" ? 1 : 7)));
        }

        int months = k * item.Count * item.Unit switch { "month" => 1, "quarter" => 3, "half_year" => 6, _ => 12 };
        DateTime month = new DateTime(start.Year, start.Month, 1).AddMonths(months);
        int day = Math.Min(anchor.Kind == "day" ? anchor.Day : start.Day, DateTime.DaysInMonth(month.Year, month.Month));
        return clock.Instant(new DateTime(month.Year, month.Month, day).Add(start.TimeOfDay));
    }

    private static DateTime Calendar(DateTime date, string unit)
    {
        while (!(unit switch
        {
            "day" => true,
            "week" => date.DayOfWeek == DayOfWeek.Monday,
            "month" => date.Day == 1,
            "quarter" => date is { Day: 1, Month: 1 or 4 or 7 or 10 },
            "half_year" => date is { Day: 1, Month: 1 or 7 },
            _ => date is { Day: 1, Month: 1 },
        }))
        {
            date = date.AddDays(-1);
        }

        return date;
    }

    public static DateTimeOffset Earlier(DateTimeOffset one, DateTimeOffset other) => one < other ? one : other;

    public static DateTimeOffset Later(DateTimeOffset one, DateTimeOffset other) => one > other ? one : other;
}
