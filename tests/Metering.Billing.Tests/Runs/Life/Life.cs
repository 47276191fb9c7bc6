using System.Globalization;
using System.Text;
using Metering.Billing.Catalog;
using Metering.Billing.Invoicing;
using Metering.Billing.Ledger;
using Metering.Billing.Periods;
using Metering.Billing.Subscriptions;
using Metering.Billing.Tests.Runs.Model;
using Xunit;

namespace Metering.Billing.Tests.Runs.Life;

/// <summary>One life, lived twice: by the code and by the model.</summary>
internal sealed partial class Life
{
    private readonly Random _random;
    private readonly Ways _ways;
    private readonly StringBuilder _log = new();
    private readonly LifePlan[] _plans;
    private readonly LifeHistory _history;
    private readonly LifeBooks _books;
    private readonly Story _story;
    private readonly MemorySeller _seller;
    private DateTimeOffset _now;
    private int _uses;

    public Life(int seed, Ways ways)
    {
        (_random, _ways) = (new Random(seed), ways);
        LifeMaker maker = new(_random, ways);
        DateTimeOffset start = Story.At("2026-01-01").AddDays(_random.Next(365)).AddMinutes(_random.Next(1440));
        _now = Chance(3) ? start.AddDays(_random.Next(70)) : start;
        LifeAnchor anchor = maker.Anchor();
        _plans = maker.Plans(anchor);
        bool hasTrial = Chance(4);
        bool isTaxable = !Chance(6);
        LifeTaxRule[] taxes = maker.Taxes(start);
        _history = new LifeHistory(new LocalClock(maker.Zone()), anchor);
        _history.Discounts.AddRange(maker.Discounts(start, hasTrial));
        _history.Facts.Add(new LifeFact(start, hasTrial ? Being.Trial : Being.Active, _plans[0], 2));
        _books = new LifeBooks(new Owed(_history), taxes, isTaxable, _now);
        _story = new Story { Anchor = anchor.Rule(), Zone = _history.Clock.Zone, Tax = LifeStory.Terms(taxes, isTaxable) };
        _story.Start(_story.Terms(_plans[0], 2), SlowBill.Text(start), SlowBill.Text(_now), hasTrial ? SlowBill.Text(start.AddDays(50)) : null);
        foreach (LifeDiscount discount in _history.Discounts)
        {
            _story.Discount(discount.Discount(), SlowBill.Text(discount.From), discount.Components ?? []);
        }

        foreach (string component in Has(Ways.Aggregations) ? new[] { "calls", "other" } : [])
        {
            _history.Aggregations[component] = new[] { "sum", "max", "unique" }[_random.Next(3)];
            _story.Aggregate(component, _history.Aggregations[component]);
            Say($"{component}: {_history.Aggregations[component]}");
        }

        _seller = new MemorySeller(_story);
        Say($"{_history.Clock.Zone}, {anchor}, from {start:u}, recorded {_now:u}, trial {hasTrial}, taxable {isTaxable}");
        Array.ForEach(_plans, plan => Say($"{plan.Name}: {string.Join(" | ", plan.Items.Select(item => $"{item.Content}{(item.PerSeat ? " per seat" : "")}"))} {plan.Commitment} {string.Join(",", plan.Commitment?.Components ?? [])}"));
        _history.Discounts.ForEach(discount => Say($"{discount} {string.Join(",", discount.Components ?? [])}"));
        Array.ForEach(taxes, tax => Say($"{tax}"));
    }

    /// <summary>What happened, for people.</summary>
    public string Log => _log.ToString();

    public void Live()
    {
        for (int i = _random.Next(5, 50); i > 0; i--)
        {
            _now = _now.AddDays(Chance(3) ? 0 : _random.Next(Chance(4) ? 60 : 20)).AddMinutes(_random.Next(1440));
            Tick();
            (_seller.Clock, _books.Clock) = (_now, _now);
            int before = _seller.Ledger.Transactions.Count;
            Step();
            Compare();
            Balances(before);
        }

        _now = _now.AddMonths(2);
        (_seller.Clock, _books.Clock) = (_now, _now);
        Tick();
        Bill();
        CorrectAll();
        GeneralLedger corrected = _seller.Ledger;
        CorrectAll();
        Assert.True(ReferenceEquals(corrected, _seller.Ledger), $"what was right was corrected: {string.Join(", ", _seller.Ledger.Transactions.Skip(corrected.Transactions.Count).Select(one => one.Key))}");
        Balances(before: 0);
    }

    private void Step()
    {
        if (Has(Ways.Grants) && Chance(4))
        {
            Grant();
            return;
        }

        if (Has(Ways.WriteOffs) && Chance(12) && _books.Invoices.Count > 0)
        {
            WriteOff(_random.Next(_books.Invoices.Count));
            return;
        }

        if (Has(Ways.Aggregations) && Chance(8) && _history.Uses.Count > 0)
        {
            Unuse(_history.Uses[_random.Next(_history.Uses.Count)]);
            return;
        }

        switch (_random.Next(24))
        {
            case < 6:
                Use(_now.AddMinutes(-_random.Next(10_000)));
                break;
            case < 9:
                Use(_now.AddDays(-60).AddMinutes(_random.Next(60 * 1440)));
                break;
            case < 12:
                Change(_plans[_random.Next(4)], _random.Next(5));
                break;
            case 12 when Instant() is var at && at > _story.Now.LastAt:
                bool keeps = Chance(2);
                Decide(_story.Now.PauseAt(at, null, null, keeps), at, keeps ? Being.Kept : Being.Paused);
                break;
            case 13 or 14 when Instant() is var at:
                Decide(_story.Now.Resume(at, Standing.Good), at, Being.Active);
                break;
            case 15 when Chance(3) && Instant() is var at:
                Decide(_story.Now.Cancel(at), at, Being.Ended);
                break;
            case < 19:
                Bill();
                break;
            case < 21:
                Correct();
                break;
            case 21 when _books.Invoices.Count > 0:
                Pay(_random.Next(_books.Invoices.Count), _random.Next(1, 10_000));
                break;
            case 22 when _books.Invoices.Count > 0:
                GiveBack(_random.Next(_books.Invoices.Count));
                break;
            case 23 when _books.Invoices.Count > 0 && Has(Ways.Voids):
                Void(_books.Invoices.Count - 1 - _random.Next(Math.Min(4, _books.Invoices.Count)), Chance(3));
                break;
            default:
                Recognise();
                break;
        }
    }

    /// <summary>Trials end by the clock.</summary>
    private void Tick()
    {
        if (_story.Now is { State: SubscriptionState.Trialing, TrialEnd: { } end } && end <= _now)
        {
            _story.Tick(SlowBill.Text(_now));
            Record(end, Being.Active);
        }
    }

    /// <summary>Now, or up to a hundred days ago if nothing was recorded since.</summary>
    private DateTimeOffset Instant()
    {
        DateTimeOffset back = Chance(3) ? _now.AddMinutes(-_random.Next(140_000)) : _now;
        return back < _story.Now.LastAt ? _story.Now.LastAt!.Value : back;
    }

    private void Use(DateTimeOffset at)
    {
        (string component, string cell, string id) = (Chance(2) ? "calls" : "other", Chance(2) ? "x" : "y", $"e{_uses++}");
        string value = _history.Aggregations.GetValueOrDefault(component) == "unique"
            ? $"{_random.Next(1, 9)}"
            : (_random.Next(-3000, 9000) / 1000m).ToString(CultureInfo.InvariantCulture);
        Say($"use {component} {at:u} {value} {cell}");
        _story.Use(component, SlowBill.Text(at), value, cell, id);
        _history.Uses.Add(new LifeUse(component, at, value, cell, id));
        if (at < _books.BilledTo)
        {
            Touch(at, at.AddMinutes(1));
        }
    }

    /// <summary>An event that is voided counts as if it had never been.</summary>
    private void Unuse(LifeUse use)
    {
        Say($"void {use.Id}");
        _story.Unuse(use.Id);
        _history.Uses.Remove(use);
        if (use.At < _books.BilledTo)
        {
            Touch(use.At, use.At.AddMinutes(1));
        }
    }

    private void Change(LifePlan plan, int seats)
    {
        DateTimeOffset at = Instant();
        Decide(_story.Now.Change(_story.Terms(plan, seats), at), at, _history.Facts[^1].Being, plan, seats);
    }

    private void Decide(Decision decision, DateTimeOffset at, Being being, LifePlan? plan = null, int? seats = null)
    {
        if (decision.IsApplied)
        {
            _story.Do(decision);
            Record(at, being, plan, seats);
        }
    }

    private void Record(DateTimeOffset at, Being being, LifePlan? plan = null, int? seats = null)
    {
        LifeFact fact = new(at, being, plan ?? _history.Facts[^1].Plan, seats ?? _history.Facts[^1].Seats);
        Say($"{at:u} {being} {fact.Plan.Name} x{fact.Seats}");
        _history.Facts.Add(fact);
        if (at < _books.BilledTo)
        {
            Touch(at, DateTimeOffset.MaxValue);
        }
    }

    private void Touch(DateTimeOffset from, DateTimeOffset until)
    {
        _seller.Touch(from, until);
        _books.Touch(from, until);
    }

    private void Bill()
    {
        Say("bill");
        _seller.Bill(_now);
        _books.Bill(_now);
        Assert.Equal(0, _seller.Bill(_now));
    }

    private void Correct()
    {
        Say("correct");
        _seller.Correct(_now);
        _books.Correct(_now);
    }

    /// <summary>Whether anything happened to a period or not: what is right stays as it is.</summary>
    private void CorrectAll()
    {
        Touch(DateTimeOffset.MinValue, DateTimeOffset.MaxValue);
        Correct();
        Compare();
    }

    private void Recognise()
    {
        Say("recognise");
        _seller.Recognise(_now);
        _books.Recognise(_now);
    }

    private void Pay(int number, long cents)
    {
        if (!_books.Invoices[number].IsVoid)
        {
            Say($"pay {number} {cents}");
            _seller.Pay(number, cents);
            _books.Pay(_books.Invoices[number], cents);
        }
    }

    private void GiveBack(int number)
    {
        LifeInvoice invoice = _books.Invoices[number];
        LifeLine[] lines = [.. invoice.Lines.Where(line => line.Net - line.Credited > 0)];
        if (lines.Length > 0 && invoice is { IsVoid: false, IsPurchase: false })
        {
            LifeLine line = lines[_random.Next(lines.Length)];
            long amount = 1 + _random.NextInt64(line.Net - line.Credited);
            Say($"give back {number} {line.Component} {line.From:u} {amount}");
            bool isDone = _seller.GiveBack(number, invoice.Lines.IndexOf(line), amount);
            Assert.Equal(_books.GiveBack(invoice, line, amount), isDone);
        }
    }

    private void Void(int number, bool waives)
    {
        Say($"void {number} {(waives ? "and waive" : "")}");
        bool isDone = _seller.Void(number, waives);
        Assert.Equal(_books.Void(_books.Invoices[number], waives), isDone);
        Assert.False(_seller.Void(number, waives));
    }

    private bool Has(Ways way) => (_ways & way) != 0;

    private void Say(string what) => _log.Append(CultureInfo.InvariantCulture, $"{_now:u}  {what}\n");

    private bool Chance(int oneIn) => _random.Next(oneIn) == 0;
}
