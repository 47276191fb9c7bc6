namespace Metering.Billing.Tests.Runs.Model;

/// <summary>An invoice: what it bills by component and first day of the period, in cents.</summary>
internal sealed class SlowInvoice
{
    public Dictionary<(string Component, DateOnly First), long> Lines { get; } = [];

    public Dictionary<(string Component, DateOnly First), long> Credited { get; } = [];

    public long Total => Lines.Values.Sum();

    public long Notes { get; set; }

    public long Remaining { get; set; }
}

/// <summary>Who owes what to whom after each command, by the rules: an invoice has what is owed now less what was billed before.</summary>
internal sealed class SlowBooks(SlowBill bill, DateTimeOffset billedFrom)
{
    private readonly Dictionary<(string Component, DateOnly First), long> _billed = [];
    private readonly HashSet<(DateOnly First, bool IsTrial)> _closed = [];
    private readonly SortedSet<DateOnly> _dirty = [];
    private readonly Dictionary<DateOnly, (DateTimeOffset Start, DateTimeOffset End)> _spans = [];
    private readonly List<(string Component, DateOnly First, long Amount, long Accrued)> _pending = [];
    private DateTimeOffset _billedTo = DateTimeOffset.MinValue.AddYears(1);

    public List<SlowInvoice> Invoices { get; } = [];

    public long Credit { get; private set; }

    public long Unbilled { get; private set; }

    /// <summary>What was billed and not given back, without tax: it is revenue or deferred.</summary>
    public long Net => _billed.Values.Sum() - _pending.Sum(one => one.Amount);

    public DateTimeOffset BilledTo => _billedTo;

    public void Bill(DateTimeOffset now)
    {
        while (bill.NextDue(_billedTo, billedFrom) is { } due && due <= now)
        {
            SlowInvoice invoice = new();
            foreach (SlowPeriod period in bill.Periods(due).Where(period => bill.Midnight(period.Last) > _billedTo))
            {
                Add(invoice, "base", period, bill.Advance("base", period, due));
                Add(invoice, "seats", period, bill.Advance("seats", period, due));
                if (period.End > _billedTo && period.End <= due && _closed.Add((period.First, period.IsTrial)))
                {
                    AddMore(invoice, "support", period, bill.Arrears(period));
                    AddMore(invoice, "calls", period, bill.Calls(period));
                }
            }

            Issue(invoice);
            _billedTo = due;
        }
    }

    /// <summary>Usage that came late, or a change that was recorded late.</summary>
    public void Touch(DateTimeOffset from, DateTimeOffset until)
    {
        foreach (DateOnly first in _billed.Keys.Select(key => key.First).Concat(_closed.Select(key => key.First)).Distinct())
        {
            if (_spans[first] is var (start, end) && start < until && end > from && start < _billedTo)
            {
                _dirty.Add(first);
            }
        }
    }

    public void Correct(DateTimeOffset now)
    {
        foreach (DateOnly first in _dirty.ToArray())
        {
            DateTimeOffset? next = bill.NextDue(_billedTo, billedFrom);
            if (_spans[first].End > _billedTo && next is not null)
            {
                continue;
            }

            _dirty.Remove(first);
            Settle(first, now, next);
        }
    }

    public void Pay(int number, long amount)
    {
        long applied = Math.Min(amount, Invoices[number].Remaining);
        Invoices[number].Remaining -= applied;
        Credit += amount - applied;
    }

    /// <summary>Somebody gives back some of a line.</summary>
    public void GiveBack(int number, (string Component, DateOnly First) line, long amount)
    {
        Note(Invoices[number], amount, (line, amount));
        _billed[line] -= amount;
    }

    private void Settle(DateOnly first, DateTimeOffset now, DateTimeOffset? next)
    {
        Dictionary<string, long> owed = new() { ["base"] = 0, ["seats"] = 0, ["support"] = 0, ["calls"] = 0 };
        foreach (SlowPeriod period in bill.Periods(_spans[first].End).Where(period => period.First == first))
        {
            owed["base"] += bill.Advance("base", period, DateTimeOffset.MaxValue);
            owed["seats"] += bill.Advance("seats", period, DateTimeOffset.MaxValue);
            owed["support"] += bill.Arrears(period);
            owed["calls"] += bill.Calls(period);
        }

        (string Component, long Amount)[] changes = [.. owed.Select(one => (one.Key, one.Value - _billed.GetValueOrDefault((one.Key, first)))).Where(one => one.Item2 != 0)];
        long net = changes.Sum(one => one.Amount);
        bool isOwn = next is null || next > now.AddDays(31);
        if (net > 0)
        {
            Charge(first, changes, isOwn);
        }
        else if (net < 0)
        {
            CreditBack(first, changes, -net, isOwn);
        }
    }

    private void Charge(DateOnly first, (string Component, long Amount)[] changes, bool isOwn)
    {
        long earned = changes.Where(one => one.Component is "support" or "calls").Sum(one => one.Amount);
        foreach ((string component, long amount) in changes)
        {
            long accrued = earned > 0 && component is ("support" or "calls") ? amount : 0;
            _pending.Add((component, first, amount, accrued));
            _billed[(component, first)] = _billed.GetValueOrDefault((component, first)) + amount;
            Unbilled += accrued;
        }

        if (isOwn)
        {
            Issue(new SlowInvoice());
        }
    }

    private void CreditBack(DateOnly first, (string Component, long Amount)[] changes, long credit, bool isOwn)
    {
        foreach ((string component, long amount) in changes)
        {
            _billed[(component, first)] = _billed.GetValueOrDefault((component, first)) + amount;
        }

        foreach (SlowInvoice invoice in Invoices.AsEnumerable().Reverse())
        {
            long left = Math.Min(
                invoice.Lines.Where(line => line.Key.First == first).Sum(line => line.Value) - invoice.Credited.Where(line => line.Key.First == first).Sum(line => line.Value),
                Math.Max(invoice.Total, 0) - invoice.Notes);
            long here = Math.Max(0, Math.Min(left, credit));
            credit -= here;
            if (here > 0)
            {
                Note(invoice, here, (("", first), here));
            }
        }

        if (credit > 0)
        {
            _pending.Add(("rest", first, -credit, 0));
            if (isOwn)
            {
                Issue(new SlowInvoice());
            }
        }
    }

    private void Note(SlowInvoice invoice, long amount, ((string, DateOnly) Line, long Amount) part)
    {
        invoice.Credited[part.Line] = invoice.Credited.GetValueOrDefault(part.Line) + part.Amount;
        invoice.Notes += amount;
        long open = Math.Min(invoice.Remaining, amount);
        invoice.Remaining -= open;
        Credit += amount - open;
    }

    private void Add(SlowInvoice invoice, string component, SlowPeriod period, long owed)
    {
        AddMore(invoice, component, period, owed - _billed.GetValueOrDefault((component, period.First)));
    }

    private void AddMore(SlowInvoice invoice, string component, SlowPeriod period, long more)
    {
        _spans[period.First] = (bill.Midnight(period.First), bill.Midnight(period.Last));
        Put(invoice, (component, period.First), more);
        _billed[(component, period.First)] = _billed.GetValueOrDefault((component, period.First)) + more;
    }

    private static void Put(SlowInvoice invoice, (string, DateOnly) key, long amount) => invoice.Lines[key] = invoice.Lines.GetValueOrDefault(key) + amount;

    private void Issue(SlowInvoice invoice)
    {
        foreach ((string component, DateOnly first, long amount, long accrued) in _pending)
        {
            Put(invoice, (component, first), amount);
            Unbilled -= accrued;
        }

        _pending.Clear();
        if (invoice.Lines.Values.All(amount => amount == 0))
        {
            return;
        }

        long used = Math.Max(0, Math.Min(Credit, invoice.Total));
        Credit += Math.Max(0, -invoice.Total) - used;
        invoice.Remaining = Math.Max(0, invoice.Total) - used;
        Invoices.Add(invoice);
    }
}
