using Metering.Billing.Tests.Rating.SecondOpinion;

namespace Metering.Billing.Tests.Runs.Life;

/// <summary>Who owes what to whom after each command: an invoice has what is owed now less what was billed before. In cents.</summary>
internal sealed partial class LifeBooks(Owed owed, IReadOnlyList<LifeTaxRule> taxes, bool isTaxable, DateTimeOffset billedFrom)
{
    private readonly LifeHistory _history = owed.History;
    private readonly LifeAgenda _agenda = new(owed);
    private readonly LifeRevenue _revenue = new(owed.History.Clock);
    private readonly SortedSet<(DateTimeOffset First, DateTimeOffset Last)> _dirty = [];
    private readonly List<LifeLine> _pending = [];
    private DateTimeOffset _now;
    private int _lines;
    private long _waivedAccruals;

    public List<LifeInvoice> Invoices { get; } = [];

    public DateTimeOffset BilledTo { get; private set; } = DateTimeOffset.MinValue;

    public long Credit { get; private set; }

    public DateTimeOffset Clock
    {
        set => _now = value;
    }

    public long Unbilled => _pending.Sum(line => line.Accrued) + _waivedAccruals;

    public long Deferred => _revenue.Deferred;

    public long Tax => Standing().Sum(line => line.Tax - line.CreditedTax);

    public long Revenue => Standing().Sum(line => line.WithoutTax - line.Credited + (line.Rate is { IsInclusive: true } ? line.CreditedTax : 0)) + Unbilled - Deferred;

    public void Bill(DateTimeOffset now)
    {
        _now = now;
        while (_agenda.NextDue(BilledTo, billedFrom) is { } due && due <= now)
        {
            (List<LifeLine> lines, List<(string, LifePeriod)> periods) = Due(due);
            if (lines.Count > 0 || _pending.Count > 0)
            {
                Issue(lines, periods, due);
            }

            BilledTo = due;
        }
    }

    public void Recognise(DateTimeOffset now) => _revenue.Recognise(now);

    public void Pay(LifeInvoice invoice, long amount)
    {
        long applied = Math.Min(amount, invoice.Remaining);
        invoice.Remaining -= applied;
        invoice.HasPayments = true;
        Credit += amount - applied;
    }

    /// <summary>Lines that were issued and are not to be billed again.</summary>
    private IEnumerable<LifeLine> Issued(bool withWaived) =>
        Invoices.Where(invoice => !invoice.IsPurchase && (!invoice.IsVoid || (withWaived && invoice.IsWaived))).SelectMany(invoice => invoice.Lines.Concat(invoice.Others));

    private IEnumerable<LifeLine> Standing() => Invoices.Where(invoice => !invoice.IsPurchase && !invoice.IsVoid).SelectMany(invoice => invoice.Lines.Concat(invoice.Others));

    private bool IsWaived(LifeLine line) => Invoices.Any(invoice => invoice is { IsVoid: true, IsWaived: true } && invoice.Lines.Any(one => ReferenceEquals(one, line)));

    private (List<LifeLine> Lines, List<(string, LifePeriod)> Periods) Due(DateTimeOffset due)
    {
        List<LifeLine> lines = [];
        List<(string, LifePeriod)> periods = [];
        HashSet<(DateTimeOffset, string)> there = [];
        foreach (string component in _history.Components())
        {
            foreach (LifePeriod period in _history.Periods(component, due.AddYears(2)))
            {
                there.UnionWith(owed.Fees(component, period).Select(fee => (period.First, fee.Key)));
            }

            foreach (LifePeriod period in _history.Periods(component, due).Where(period => period.Last > BilledTo))
            {
                bool ends = period.End > BilledTo && period.End <= due;
                int before = lines.Count;
                lines.AddRange(owed.Fees(component, period).Where(fee => IsDue(fee, due, ends)).Select(Fee).OfType<LifeLine>());
                lines.AddRange(owed.Usage(component, period).Where(usage => ends && !Of(period, true).Any(line => line.Key.StartsWith(usage.Key, StringComparison.Ordinal))).SelectMany(Lines));
                if (lines.Count > before)
                {
                    periods.Add((component, period));
                }
            }
        }

        lines.AddRange(Issued(withWaived: true).Where(line => line.Kind == "advance" && line.Last > BilledTo && !there.Contains((line.First, line.Key)))
            .GroupBy(line => (line.First, line.Key)).Select(gone => Return([.. gone])).OfType<LifeLine>().ToList());
        foreach (OwedCommitment one in _agenda.Commitments(due).Where(one => one.DueAt > BilledTo && one.DueAt <= due))
        {
            if (!Of(one.Period, true).Any(line => line.Key == KeyOf(one)))
            {
                lines.Add(TrueUp(one, Issued(withWaived: true).Concat(lines).Concat(_pending)));
                periods.Add((one.Component, one.Period));
            }
        }

        return (lines, periods);
    }

    private bool IsDue(OwedFee fee, DateTimeOffset due, bool ends) => fee.Item.Timing switch
    {
        "advance" => fee.From <= due,
        "once" => fee.From <= due && fee.From == owed.OnceAt(fee.Item.Component),
        _ => ends,
    };

    private IEnumerable<LifeLine> Of(LifePeriod period, bool withWaived) => Issued(withWaived).Where(line => line.First == period.First && line.Last == period.Last);

    /// <summary>A fee that was not billed yet, or what its time has become longer or shorter by.</summary>
    private LifeLine? Fee(OwedFee fee)
    {
        LifeLine[] issued = [.. Of(fee.Period, true).Where(line => line.Key == fee.Key)];
        if (issued.Length > 0 && (fee.Item.Timing == "once" || issued.Any(IsWaived)))
        {
            return null;
        }

        Ratio whole = owed.Whole(fee);
        LifeLine? first = Array.Find(issued, line => line.Amount >= 0);
        long net = issued.Sum(line => line.Net);
        if (first is null)
        {
            return issued.Length > 0 && net == 0 ? null
                : LineOf(fee, issued.Length == 0 ? fee.To : LifeHistory.Later(fee.To, issued.Max(line => line.To)), owed.Part(whole, fee, fee.From, fee.To) - net);
        }

        DateTimeOffset covered = issued[^1].Amount < 0 ? issued[^1].From : issued[^1].To;
        long change = Now(fee, whole, first, covered) - net;
        long left = Left(issued);
        change = covered == fee.To ? 0 : Math.Max(change, -left);
        return change == 0 ? null : Changed(fee, first, covered, change);
    }

    /// <summary>What a fee was billed with after discounts, and what its time has changed by since.</summary>
    private long Now(OwedFee fee, Ratio whole, LifeLine first, DateTimeOffset covered)
    {
        if (fee.Item.Proration == "none" && fee.To < covered)
        {
            return 0;
        }

        Ratio discounted = first.Amount == 0 ? whole : whole * new Ratio(first.Net, first.Amount);
        return first.Net + owed.Part(discounted, fee, fee.From, fee.To) - owed.Part(discounted, fee, first.From, first.To);
    }

    private LifeLine Changed(OwedFee fee, LifeLine first, DateTimeOffset covered, long change)
    {
        LifeLine line = LineOf(fee, fee.To, change);
        line = first.Amount == 0 ? line : line with { Corrects = first, HasRate = true, Rate = first.Rate, IsDifference = true };
        return covered == fee.To ? line
            : fee.To < covered ? line with { From = LifeHistory.Later(fee.To, first.From), To = covered }
            : line with { From = covered };
    }

    /// <summary>What can be given back of lines of one identity: what they came to, and nothing of what was waived.</summary>
    private long Left(LifeLine[] issued) => Math.Max(0, Math.Min(issued.Sum(line => line.Net - line.Credited), issued.Where(line => !IsWaived(line)).Sum(line => line.Net - line.Credited)));

    private LifeLine? Return(LifeLine[] gone)
    {
        long left = Left(gone);
        return left == 0 ? null : gone[0] with { Id = ++_lines, Amount = -left, Discount = 0, Tax = 0, Promo = 0, Credited = 0, CreditedPromo = 0, CreditedTax = 0, Corrects = gone[0], HasRate = true, IsDifference = true };
    }

    private LifeLine LineOf(OwedFee fee, DateTimeOffset to, long amount) =>
        new(fee.Item.Component, fee.Period.First, fee.Period.Last, fee.Key, fee.From, to, fee.Item.Timing, amount) { Id = ++_lines, Category = fee.Item.Category };

    private IEnumerable<LifeLine> Lines(OwedUsage usage) => owed.Amounts(usage).Select(one => new LifeLine(
        usage.Item.Component, usage.Period.First, usage.Period.Last, usage.Key + one.Cell, usage.Active[0].From, usage.Active[^1].To, "arrears", one.Amount) { Id = ++_lines, Category = usage.Item.Category });

    private static string KeyOf(OwedCommitment one) => $"commitment {one.Commitment.Key} {one.Period.Mark}";

    /// <summary>What the lines of its components fall short of it, before discounts of the invoice.</summary>
    private LifeLine TrueUp(OwedCommitment one, IEnumerable<LifeLine> lines)
    {
        long spent = lines.Where(line => one.Commitment.Components.Contains(line.Component) && line.From >= one.Period.First && line.From < one.Period.Last).Sum(line => line.Amount - line.Credited);
        return new LifeLine("", one.Period.First, one.Period.Last, KeyOf(one), one.Period.First, one.Period.Last, "arrears", Math.Max(0, one.Amount - spent)) { Id = ++_lines };
    }

    private void Issue(List<LifeLine> lines, List<(string Component, LifePeriod Period)> periods, DateTimeOffset due)
    {
        int own = lines.FindIndex(line => line.Key.StartsWith("commitment", StringComparison.Ordinal));
        lines.InsertRange(own < 0 ? lines.Count : own, _pending);
        _pending.Clear();
        foreach ((string component, LifePeriod period) in periods.DistinctBy(one => (one.Period.First, one.Period.Last)))
        {
            LifeLine[] here = [.. lines.Where(line => line.First == period.First && line.Last == period.Last && !line.IsDifference)];
            LifeDiscounts.Compute(owed.InvoiceDiscounts(component, period), [.. Of(period, false).Where(line => !line.IsDifference)], here);
        }

        foreach (LifeLine line in lines.Where(line => !line.HasRate))
        {
            line.Rate = isTaxable ? LifeTax.RateOf(taxes, line.Category, due) : null;
        }

        List<LifeGrantUse> promotions = Promote(lines);
        LifeTax.Compute(lines);
        Defer(lines);
        LifeInvoice invoice = new(Invoices.Count, due, lines);
        Settle(invoice, promotions);
        Invoices.Add(invoice);
    }

    /// <summary>What is billed ahead is deferred; what gives it back takes first what is deferred still.</summary>
    private void Defer(List<LifeLine> lines)
    {
        List<(LifeLine Line, long Amount)> parts = [];
        foreach (LifeLine line in lines.Where(line => line.Kind == "advance"))
        {
            long still = line.Corrects is { } corrected ? _revenue.Still(corrected.Id) + parts.Where(part => part.Line.Corrects == corrected && part.Amount < 0).Sum(part => part.Amount) : 0;
            parts.Add((line, line.WithoutTax < 0 ? Math.Max(line.WithoutTax, -still) : line.WithoutTax));
        }

        foreach ((LifeLine line, long amount) in parts.Where(part => part.Amount != 0))
        {
            _revenue.Add(line.Id, line.Corrects?.Id ?? 0, amount, line.From, line.To);
        }
    }
}
