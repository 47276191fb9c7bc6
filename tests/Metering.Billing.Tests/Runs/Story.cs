using Metering.Billing.Catalog;
using Metering.Billing.Invoicing;
using Metering.Billing.Periods;
using Metering.Billing.Proration;
using Metering.Billing.Rating;
using Metering.Billing.Runs;
using Metering.Billing.Subscriptions;
using Metering.Billing.Tax;
using Metering.Billing.Tests.Zones;
using Metering.Billing.Zones;
using Xunit;

namespace Metering.Billing.Tests.Runs;

/// <summary>A subscription that lives, uses and is invoiced in memory: what the billing run does, without a database.</summary>
internal sealed class Story
{
    private readonly List<SubscriptionFact> _facts = [];
    private readonly Dictionary<string, PricedComponent> _prices = new(StringComparer.Ordinal);
    private readonly List<IssuedLine> _issued = [];
    private readonly List<GivenDiscount> _discounts = [];
    private readonly List<(string Component, DateTimeOffset At, Fraction Amount, string Cell, string Id)> _usage = [];
    private readonly Dictionary<string, IReadOnlyList<Commitment>> _commitments = new(StringComparer.Ordinal);
    private Subscription _draft = null!;
    private DateTimeOffset _billedTo = DateTimeOffset.MinValue;
    private DateTimeOffset _billedFrom;

    public AnchorRule Anchor { get; init; } = AnchorRule.Anniversary;

    public string Zone { get; init; } = "UTC";

    /// <summary>By component what its meter makes of its events: their largest value, or how many different ones there are; their sum for the others.</summary>
    public Dictionary<string, Func<IEnumerable<Fraction>, Fraction>> Aggregations { get; } = new(StringComparer.Ordinal);

    public TaxTerms Tax { get; init; } = new(TaxStatus.Exempt, DateTimeOffset.UnixEpoch, []);

    public IReadOnlyList<IssuedLine> Issued => _issued;

    public Subscription Now => _draft.With(_facts);

    public BillingHistory History => new()
    {
        Subscription = "sub",
        Service = ServiceHistory.Of(_draft, _facts),
        BilledFrom = _billedFrom,
        Anchor = Anchor,
        Zone = TzdbZones.Instance.Find(Zone)!,
        Currency = Currency.Of("USD"),
        Rounding = RoundingMode.HalfAwayFromZero,
        Prices = _prices,
        CommitmentsOf = terms => _commitments.GetValueOrDefault(terms.Plan, []),
        Discounts = _discounts,
    };

    /// <summary>A plan, such as <c>"seats 10 advance x5, calls 0.01 usage"</c>: component, unit price or flat amount, timing, quantity, /interval.</summary>
    public SubscriptionTerms Plan(string name, string components) => new("standard", 1, name, "standard", [.. components.Split(", ").Select(text => Item(text.Split(' ')))]);

    /// <summary>The same from components and prices that are there; the names of the prices are those of the items.</summary>
    public SubscriptionTerms Plan(string name, IReadOnlyList<(SubscriptionItem Item, PricedComponent Price)> items)
    {
        foreach ((SubscriptionItem item, PricedComponent price) in items)
        {
            _prices[item.Price] = price;
        }

        return new SubscriptionTerms("standard", 1, name, "standard", [.. items.Select(one => one.Item)]);
    }

    public Story Start(SubscriptionTerms terms, string at, string? recorded = null, string? trialEnd = null)
    {
        _draft = Subscription.Draft("sub", terms, At(at), null, trialEnd is null ? null : At(trialEnd), trialConverts: true, needsFirstPayment: false);
        _billedFrom = At(recorded ?? at);
        return Do(_draft.Activate(_billedFrom));
    }

    public Story Do(Decision decision)
    {
        Assert.Equal(Outcome.Applied, decision.Outcome);
        _facts.AddRange(decision.Facts);
        return this;
    }

    public Story Tick(string now)
    {
        while (Now.Due(At(now), Standing.Good) is { } due)
        {
            Do(due);
        }

        return this;
    }

    public Story Commit(string plan, Commitment commitment)
    {
        _commitments[plan] = [commitment];
        return this;
    }

    public Story Discount(Discount discount, string from, params string[] components)
    {
        _discounts.Add(new GivenDiscount(discount, At(from), components.Length == 0 ? null : components.ToHashSet(StringComparer.Ordinal)));
        return this;
    }

    /// <param name="cell">Of a matrix over one dimension.</param>
    /// <param name="id">Tells equal times apart.</param>
    public Story Use(string component, string at, string amount, string cell = "", string id = "")
    {
        _usage.Add((component, At(at), Fraction.Parse(amount), cell, id));
        return this;
    }

    /// <summary>As if it had not been used.</summary>
    public void Unuse(string id) => _usage.RemoveAll(one => one.Id == id);

    /// <summary>Every invoice that is due by then, as text: due instant, lines and total.</summary>
    public IReadOnlyList<string> Bill(string until)
    {
        List<string> invoices = [];
        while (Agenda.NextDue(History, _billedTo) is { } due && due <= At(until))
        {
            DueLines lines = DueCharges.Of(History, _billedTo, due, _issued, UsageOf);
            if (!lines.IsEmpty)
            {
                invoices.Add(Issue(lines, due));
            }

            _billedTo = due;
        }

        return invoices;
    }

    /// <summary>What a correction of the period finds, and issues.</summary>
    public IReadOnlyList<string> Correct(string from, string to)
    {
        TimeRange period = new(At(from), At(to));
        IReadOnlyList<AmountCharge> changes = PeriodCorrection.Of(History, period, _billedTo, [.. _issued.Where(line => line.Period == period)], Tax, UsageOf);
        if (changes.Count > 0)
        {
            Issue(new DueLines(changes, [], []), At(to));
        }

        return [.. changes.Select(change => $"{change.Component} {change.Amount}")];
    }

    public Usage UsageOf(RatingScope scope)
    {
        (string Component, DateTimeOffset At, Fraction Amount, string Cell, string Id)[] used = [.. _usage.Where(one => one.Component == scope.Component && scope.Active.Any(time => time.Contains(one.At)))];
        Func<IEnumerable<Fraction>, Fraction> aggregate = Aggregations.GetValueOrDefault(scope.Component, Sum);
        return scope.Terms.Component.Price switch
        {
            _ when used.Length == 0 => Usage.None,
            PercentagePrice => Usage.OfEvents([.. used.Select(one => new UsageEvent(one.Amount, one.At, one.Id, null))]),
            MatrixPrice matrix => Usage.OfCells([.. used.GroupBy(one => one.Cell, StringComparer.Ordinal).OrderBy(cell => cell.Key, StringComparer.Ordinal)
                .Select(cell => new CellUsage(new CellKey([new(matrix.Dimensions[0], cell.Key)]), Usage.Of(aggregate(cell.Select(one => one.Amount)))))]),
            _ => Usage.Of(aggregate(used.Select(one => one.Amount))),
        };
    }

    private static Fraction Sum(IEnumerable<Fraction> amounts) => amounts.Aggregate(Fraction.Zero, (sum, one) => sum + one);

    private string Issue(DueLines lines, DateTimeOffset due)
    {
        Invoice invoice = InvoiceComputation.Compute(new InvoiceInputs
        {
            Subscription = "sub",
            HistorySequence = Now.Version,
            Seal = 1,
            ApprovedHistorySeal = 1,
            Tzdb = "test",
            Currency = Currency.Of("USD"),
            Charges = lines.Charges,
            Commitments = lines.Commitments,
            Discounts = lines.Discounts,
            Tax = Tax,
        });
        foreach (InvoiceLine line in invoice.Lines)
        {
            Money zero = Money.Zero(invoice.Currency);
            _issued.Add(new IssuedLine($"{_issued.Count}", line.Period, line.Key, line.Component, line.Service, line.Recognition, line.Amount, line.Discount, line.Tax, line.TaxRate, zero, zero, IsVoid: false));
        }

        string text = string.Join(", ", invoice.Lines.Select(line => $"{line.Component}{(line.Kind == InvoiceLineKind.Commitment ? "true-up" : "")} {line.Service.Start:MM-dd}..{line.Service.End:MM-dd} {line.Amount - line.Discount}"));
        return $"{due:MM-dd}: {text} = {invoice.Total}";
    }

    private SubscriptionItem Item(string[] words)
    {
        Fraction price = Fraction.Parse(words[1]);
        Fraction quantity = words.FirstOrDefault(word => word.StartsWith('x')) is { } times ? Fraction.Parse(times[1..]) : Fraction.One;
        BillingInterval interval = new(words.Contains("/year") ? IntervalUnit.Year : words.Contains("/week") ? IntervalUnit.Week : IntervalUnit.Month);
        ChargeTiming timing = words[2] switch { "advance" => ChargeTiming.Advance, "arrears" => ChargeTiming.Arrears, "once" => ChargeTiming.Once, _ => ChargeTiming.Usage };
        Component component = new() { Key = words[0], Price = new LicensedPrice(new SingleRatePrice(new UnitRate(price)), AllowsParts: true) };
        if (timing == ChargeTiming.Usage)
        {
            Price usage = words.Contains("tiered") ? Tiers(price)
                : Value(words, "package") is { } size ? new SingleRatePrice(new PackageRate(size, price, PartialPackage.Up))
                : new SingleRatePrice(new UnitRate(price));
            component = component with { Price = usage, Allowance = Value(words, "free"), Minimum = Value(words, "min") };
        }

        ProrationUnit unit = words.Contains("none") ? ProrationUnit.None : words.Contains("second") ? ProrationUnit.Second : ProrationUnit.Day;
        string content = string.Join('_', words.Where(word => !word.StartsWith('x')));
        _prices[content] = new PricedComponent(component, timing, interval, unit, "standard 1");
        return new SubscriptionItem(words[0], content, interval, quantity);
    }

    private static Fraction? Value(string[] words, string name) => words.FirstOrDefault(word => word.StartsWith(name, StringComparison.Ordinal)) is { } word ? Fraction.Parse(word[name.Length..]) : null;

    /// <summary>Ten units at the price, the rest at half of it.</summary>
    private static TieredPrice Tiers(Fraction price) => new(
        TierMode.Graduated, [new Tier(10, Fraction.Zero, new UnitRate(price)), new Tier(null, Fraction.Zero, new UnitRate(price / 2))]);

    public static DateTimeOffset At(string text) => Instants.Utc(text.Length == 10 ? text + "T00:00Z" : text);
}
