using Metering.Billing.Tests.Rating.SecondOpinion;

namespace Metering.Billing.Tests.Runs.Life;

/// <summary>A fee that runs unchanged within one period.</summary>
internal sealed record OwedFee(LifeItem Item, int Seats, LifePeriod Period, DateTimeOffset From, DateTimeOffset To)
{
    /// <summary>One price and one quantity from an instant on.</summary>
    public string Key => $"fee {Item.Content} x{Seats} {From:O}";
}

/// <summary>All usage at one price in one period.</summary>
internal sealed record OwedUsage(LifeItem Item, LifePeriod Period, Stretch[] Active)
{
    public string Key => $"usage {Item.Content} {Period.IsTrial} {Period.Mark}|";
}

/// <summary>What a subscription owes for its periods by the raw history, whatever was invoiced: fees as Earned(b) − Earned(a), usage as one set. In cents.</summary>
internal sealed class Owed(LifeHistory history)
{
    public LifeHistory History => history;

    public List<OwedFee> Fees(string component, LifePeriod period)
    {
        List<OwedFee> fees = [];
        foreach (Stretch one in history.Stretches())
        {
            (DateTimeOffset from, DateTimeOffset to) = (LifeHistory.Later(one.From, period.Start), LifeHistory.Earlier(one.To, period.End));
            if (from >= to || one.Fact.Plan.Find(component) is not { } item || item.Timing == "usage")
            {
                continue;
            }

            bool staysPaid = one.Fact.Being == Being.Kept && item.Timing == "advance" && period.Start < one.From;
            if (one.Fact.Being != Being.Active && !staysPaid)
            {
                continue;
            }

            OwedFee fee = new(item, item.Seats(one.Fact.Seats), period, from, to);
            if (fees.Count > 0 && fees[^1].To == from && fees[^1].Item.Content == item.Content && fees[^1].Seats == fee.Seats)
            {
                fees[^1] = fees[^1] with { To = to };
            }
            else
            {
                fees.Add(fee);
            }
        }

        return fees;
    }

    /// <summary>When a fee that is charged once is: when its component is served for the first time outside a trial.</summary>
    public DateTimeOffset? OnceAt(string component) =>
        history.Stretches().FirstOrDefault(one => one.Fact.Being is Being.Active or Being.Kept && one.Fact.Plan.Find(component) is not null)?.From;

    public List<OwedUsage> Usage(string component, LifePeriod period)
    {
        IEnumerable<(LifeItem Item, Stretch Time)> used =
            from one in history.Stretches()
            let time = new Stretch(LifeHistory.Later(one.From, period.Start), LifeHistory.Earlier(one.To, period.End), one.Fact)
            let item = one.Fact.Plan.Find(component)
            where time.From < time.To && one.Fact.Being is Being.Active or Being.Trial && item?.Timing == "usage"
            select (item, time);
        return [.. used.GroupBy(one => one.Item.Content).Select(same => new OwedUsage(same.First().Item, period, [.. same.Select(one => one.Time)]))];
    }

    /// <summary>What a whole period of the fee costs, exactly.</summary>
    public Ratio Whole(OwedFee fee) => Rate(Discounted(fee.Item, fee.Period), "1", new PlainCase { Currency = "USD", Component = fee.Item.Price, Quantity = $"{fee.Seats}" });

    public Ratio Whole(LifeItem item, int seats) => Rate(item.Price, "1", new PlainCase { Currency = "USD", Component = item.Price, Quantity = $"{seats}" });

    /// <summary>Of so much a whole period, for the time from one instant to another.</summary>
    public long Part(Ratio whole, OwedFee fee, DateTimeOffset from, DateTimeOffset to) => fee.Item switch
    {
        { Timing: "once" } or { Proration: "none" } => Cents(whole),
        _ => Earned(whole, fee, to) - Earned(whole, fee, from),
    };

    private long Earned(Ratio whole, OwedFee fee, DateTimeOffset at) => Passed(fee, at) == 0 ? 0 : Cents(whole * new Ratio(Passed(fee, at), Passed(fee, fee.Period.Last)));

    /// <summary>Cell by cell, "" for what is in none.</summary>
    public List<(string Cell, long Amount)> Amounts(OwedUsage usage)
    {
        LifeUse[] uses = [.. history.Uses.Where(use => use.Component == usage.Item.Component && usage.Active.Any(time => time.From <= use.At && use.At < time.To))];
        PlainComponent price = Discounted(usage.Item, usage.Period);
        string share = Share(usage.Item, usage.Period, usage.Active).ToString();
        PlainCase request = new() { Currency = "USD", Component = price, Share = share };
        if (price.Model == "percentage")
        {
            return [("", Cents(Rate(price, share, request with { Events = [.. uses.Select(use => new PlainEvent(use.Value, $"{use.At.UtcDateTime:O}", use.Id))] })))];
        }

        if (price.Model != "matrix")
        {
            return [("", Cents(Rate(price, share, request with { Quantity = Quantity(usage, uses).ToString() })))];
        }

        return
        [
            .. uses.GroupBy(use => use.Cell).OrderBy(cell => cell.Key, StringComparer.Ordinal).Select(cell => (cell.Key, Sum: Quantity(usage, cell))).Where(cell => cell.Sum != Ratio.Zero)
                .Select(cell => (cell.Key, Cents(Rate(price, share, request with { Cells = [new PlainCell(new() { ["m"] = cell.Key }, cell.Sum.ToString())] })))),
        ];
    }

    /// <summary>Of all events of the scope at once.</summary>
    private Ratio Quantity(OwedUsage usage, IEnumerable<LifeUse> uses) => history.Aggregations.GetValueOrDefault(usage.Item.Component) switch
    {
        "unique" => uses.Select(use => use.Value).Distinct().Count(),
        "max" => uses.Select(use => Ratio.Of(use.Value)).Aggregate((Ratio?)null, (most, one) => most is { } before ? Ratio.Max(before, one) : one) ?? 0,
        _ => Ratio.Sum(uses.Select(use => Ratio.Of(use.Value))),
    };

    /// <summary>Active of the whole period.</summary>
    public Ratio Share(LifeItem item, LifePeriod period, IEnumerable<Stretch> active)
    {
        OwedFee whole = new(item, 1, period, period.First, period.Last);
        return item.Proration == "none" ? 1 : Passed(whole, period.Last) == 0 ? 0 : Ratio.Sum(active.Select(time => new Ratio(Passed(whole, time.To) - Passed(whole, time.From), Passed(whole, period.Last))));
    }

    /// <summary>Discounts of the invoice in this period of the component, in the order in which they were given.</summary>
    public LifeDiscount[] InvoiceDiscounts(string component, LifePeriod period) => [.. history.Discounts.Where(one => one.Components is null && Covers(one, component, period))];

    public static long Cents(Ratio amount) => (long)(amount.Round("half_away_from_zero", 2) * 100).Numerator;

    /// <summary>Days or seconds of the period that have passed.</summary>
    private long Passed(OwedFee fee, DateTimeOffset at)
    {
        DateTimeOffset inside = LifeHistory.Later(fee.Period.First, LifeHistory.Earlier(at, fee.Period.Last));
        return fee.Item.Proration == "second"
            ? (long)(inside - fee.Period.First).TotalSeconds
            : history.Clock.Date(inside).DayNumber - history.Clock.Date(fee.Period.First).DayNumber;
    }

    private PlainComponent Discounted(LifeItem item, LifePeriod period) => item.Price with
    {
        Discounts =
        [
            .. item.Price.Discounts ?? [],
            .. history.Discounts.Where(one => one.Components?.Contains(item.Component) == true && Covers(one, item.Component, period)).Select(one => new PlainDiscount(one.Percent, one.Amount)),
        ],
    };

    /// <summary>It counts billing periods from the one that holds its first instant.</summary>
    private bool Covers(LifeDiscount discount, string component, LifePeriod period) => discount.From < period.Last
        && (discount.Periods is not { } periods || history.Periods(component, period.Start).Count(one => one.Last > discount.From && one.First < period.First) < periods);

    private static Ratio Rate(PlainComponent price, string share, PlainCase request) => Ratio.Of((new SlowRater(request with { Component = price, Share = share }).Answer() ?? throw new OverflowException()).Split(' ')[1]);
}
