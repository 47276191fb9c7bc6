using Metering.Billing.Tests.Rating.SecondOpinion;

namespace Metering.Billing.Tests.Runs.Life;

/// <summary>Corrections, credit notes and voids.</summary>
internal sealed partial class LifeBooks
{
    /// <summary>Usage that came late, or a change that was recorded late.</summary>
    public void Touch(DateTimeOffset from, DateTimeOffset until)
    {
        IEnumerable<(DateTimeOffset First, DateTimeOffset Last)> billed = Issued(true).Select(line => (line.First, line.Last));
        IEnumerable<(DateTimeOffset First, DateTimeOffset Last)> served = _history.Components().SelectMany(component => _history.Periods(component, BilledTo)).Select(period => (period.First, period.Last));
        _dirty.UnionWith(billed.Concat(served).Where(period => period.First < until && period.Last > from && period.First < BilledTo));
    }

    public void Correct(DateTimeOffset now)
    {
        _now = now;
        foreach ((DateTimeOffset first, DateTimeOffset last) in _dirty
            .Where(one => one.Last <= BilledTo || _agenda.NextDue(BilledTo, billedFrom) is null).OrderBy(one => one.Last).ThenByDescending(one => one.First).ToArray())
        {
            _dirty.Remove((first, last));
            Correct(first, last);
        }
    }

    /// <summary>Somebody gives back some of a line; refused when the invoice cannot bear it.</summary>
    public bool GiveBack(LifeInvoice invoice, LifeLine line, long amount)
    {
        long tax = LifeTax.Cents(new Ratio(line.Tax, 1) * new Ratio(line.Credited + amount, line.Net)) - line.CreditedTax;
        if (amount + (line.Rate is { IsInclusive: false } ? tax : 0) > Math.Max(0, invoice.Total) - invoice.Notes)
        {
            return false;
        }

        Note(invoice, [(line, amount, tax)]);
        return true;
    }

    /// <summary>False when it is refused.</summary>
    public bool Void(LifeInvoice invoice, bool waives)
    {
        if (invoice.IsVoid || invoice.HasPayments || invoice.HasNotes || Credit + invoice.CreditUsed - invoice.Carried < 0)
        {
            return false;
        }

        (invoice.IsVoid, invoice.IsWaived) = (true, waives);
        Credit += invoice.CreditUsed - invoice.Carried;
        invoice.Remaining = 0;
        invoice.Lines.ForEach(line => _revenue.Cancel(line.Id));
        if (waives)
        {
            _waivedAccruals += invoice.Lines.Sum(line => line.Accrued);
            return true;
        }

        BilledTo = LifeHistory.Earlier(BilledTo, Invoices.Where(one => !one.IsVoid && one.DueAt < invoice.DueAt).Select(one => one.DueAt).DefaultIfEmpty(DateTimeOffset.MinValue).Max());
        _pending.AddRange(invoice.Lines.Where(line => line.WasPending).Select(line => line with { Tax = 0 }));
        return true;
    }

    private void Correct(DateTimeOffset first, DateTimeOffset last)
    {
        List<LifeLine> changes = Changes(first, last);
        long[] tax = [.. changes.Select(line => line.Rate is { } rate ? LifeTax.Cents(LifeTax.Of(rate, line.Amount)) : 0)];
        long net = changes.Select((line, i) => line.Amount + (line.Rate is { IsInclusive: false } ? tax[i] : 0)).Sum();
        if (net > 0)
        {
            Charge(changes, tax);
        }
        else if (net < 0)
        {
            CreditBack(first, last, changes, tax, -net);
        }
    }

    /// <summary>Every line of the period as it is now, less what was issued for it: by the rate that it had.</summary>
    private List<LifeLine> Changes(DateTimeOffset first, DateTimeOffset last)
    {
        LifeLine[] issued = [.. Issued(true).Concat(_pending).Where(line => line.First == first && line.Last == last)];
        (string Component, LifePeriod Period)[] periods =
            [.. _history.Components().SelectMany(component => _history.Periods(component, last).Where(period => period.First == first && period.Last == last).Select(period => (component, period)))];
        OwedFee[] fees = [.. periods.SelectMany(one => owed.Fees(one.Component, one.Period))];
        OwedFee[] ahead = [.. fees.Where(fee => fee.Item.Timing != "arrears" && IsDue(fee, last, false))];
        List<LifeLine> fresh = [.. ahead.Where(fee => IsWhole(fee, [.. issued.Where(line => line.Key == fee.Key)])).Select(fee => LineOf(fee, fee.To, owed.Part(owed.Whole(fee), fee, fee.From, fee.To)))];
        List<LifeLine> again = [.. fees.Where(fee => fee.Item.Timing == "arrears").Select(fee => LineOf(fee, fee.To, owed.Part(owed.Whole(fee), fee, fee.From, fee.To))), .. periods.SelectMany(one => owed.Usage(one.Component, one.Period)).SelectMany(Lines)];
        LifeLine[] stay = [.. ahead.Select(fee => Stay(fee, [.. issued.Where(line => line.Key == fee.Key)])).OfType<LifeLine>()];
        LifeLine[] counted = [.. Issued(true).Concat(_pending).Where(line => (line.First, line.Last) != (first, last) || (ahead.Any(fee => fee.Key == line.Key) && !fresh.Any(one => one.Key == line.Key))), .. fresh, .. stay, .. again];
        again.AddRange(_agenda.Commitments(last).Where(one => one.Period.First == first && one.Period.Last == last).Select(one => TrueUp(one, counted)));
        foreach ((string component, LifePeriod period) in periods.Take(1))
        {
            LifeDiscounts.Compute(owed.InvoiceDiscounts(component, period), [.. issued.Where(line => line.Kind != "arrears" && !line.IsDifference && !IsWaived(line))], [.. fresh, .. again]);
        }

        HashSet<string> known = [.. ahead.Select(fee => fee.Key), .. again.Select(line => line.Key)];
        IEnumerable<LifeLine> gone = issued.Where(line => !known.Contains(line.Key)).GroupBy(line => line.Key).Select(lines => lines.First() with { Id = ++_lines, Amount = 0, Discount = 0, Tax = 0, Accrued = 0 });
        return
        [
            .. ahead.Select(fee => stay.Concat(fresh).FirstOrDefault(line => line.Key == fee.Key)).OfType<LifeLine>()
                .Select(line => Difference(line, line.Net, fresh.Contains(line) ? [.. issued.Where(one => one.Key == line.Key)] : [])).OfType<LifeLine>(),
            .. again.Concat(gone).Select(line => Difference(line, line.Net, [.. issued.Where(one => one.Key == line.Key)])).OfType<LifeLine>(),
        ];
    }

    /// <summary>No invoice has billed the fee for itself, so that nothing says what discount it had: it is charged anew, less what was issued for it.</summary>
    private bool IsWhole(OwedFee fee, LifeLine[] issued) => issued.Length == 0
        || (fee.Item.Timing != "once" && !issued.Any(IsWaived) && ((Array.Find(issued, line => line.Amount >= 0) ?? issued[0]) is { IsDifference: true } or { Amount: 0 }));

    /// <summary>A fee that was billed ahead keeps the discount that it had.</summary>
    private LifeLine? Stay(OwedFee fee, LifeLine[] issued)
    {
        if (fee.Item.Timing == "once" || issued.Any(IsWaived) || IsWhole(fee, issued))
        {
            return null;
        }

        LifeLine first = Array.Find(issued, line => line.Amount >= 0) ?? issued[0];
        long change = Now(fee, owed.Whole(fee), first, first.To) - issued.Sum(line => line.Net - line.Credited);
        return change == 0 ? null : Changed(fee, first, first.To, change);
    }

    private LifeLine? Difference(LifeLine line, long now, LifeLine[] issued)
    {
        long change = now - issued.Sum(one => one.Net - one.Credited);
        if (issued.Any(IsWaived))
        {
            change = Math.Max(change, -Left(issued));
        }

        return change == 0 ? null : line with
        {
            Amount = change,
            Discount = 0,
            Credited = 0,
            CreditedTax = 0,
            Corrects = line.Corrects ?? issued.FirstOrDefault(),
            HasRate = true,
            Rate = line.HasRate ? line.Rate : issued.Length > 0 ? issued[0].Rate : isTaxable ? LifeTax.RateOf(taxes, line.Category, line.Last) : null,
            IsDifference = true,
        };
    }

    private void Charge(List<LifeLine> changes, long[] tax)
    {
        long[] earned = [.. changes.Select((line, i) => line.Kind != "arrears" ? 0 : line.Amount - (line.Rate is { IsInclusive: true } ? tax[i] : 0))];
        _pending.AddRange(changes.Select((line, i) => line with { Accrued = earned.Sum() > 0 ? earned[i] : 0, WasPending = true }));
        IssueUnlessDue();
    }

    private void IssueUnlessDue()
    {
        if (_agenda.NextDue(BilledTo, billedFrom) is not { } next || next > _now.AddDays(31))
        {
            Issue([], [], _now);
        }
    }

    /// <summary>Newest invoice first, each with no more than is left of its lines of the period and of the whole; the parts of the lines are cumulative.</summary>
    private void CreditBack(DateTimeOffset first, DateTimeOffset last, List<LifeLine> changes, long[] tax, long credit)
    {
        long given = 0;
        (long Amount, long Tax)[] done = [.. changes.Select(_ => (0L, 0L))];
        foreach (LifeInvoice invoice in Invoices.Where(one => !one.IsVoid).Reverse())
        {
            long most = Math.Min(invoice.Lines.Concat(invoice.Others).Where(line => line.First == first && line.Last == last).Sum(line => line.Left), Math.Max(0, invoice.Total) - invoice.Notes);
            long here = Math.Min(most, credit - given);
            if (here <= 0)
            {
                continue;
            }

            given += here;
            (long Amount, long Tax)[] reached = Parts(changes, tax, given, credit);
            Note(invoice, [.. changes.Select((line, i) => (line, done[i].Amount - reached[i].Amount, done[i].Tax - reached[i].Tax)).Where(part => part.Item2 != 0 || part.Item3 != 0)]);
            done = reached;
        }

        _pending.AddRange(given == credit ? [] : changes.Select((line, i) => line with { Amount = line.Amount - done[i].Amount, IsRest = true, WasPending = true }).Where((line, i) => line.Amount != 0 || tax[i] != done[i].Tax));
        if (given < credit)
        {
            IssueUnlessDue();
        }
    }

    private static (long Amount, long Tax)[] Parts(List<LifeLine> changes, long[] tax, long given, long credit)
    {
        Ratio share = new(given, credit);
        long[] totals = Remainders.Share(-given, [.. changes.Select((line, i) => share * new Ratio(line.Amount + (line.Rate is { IsInclusive: false } ? tax[i] : 0), 1))]);
        long[] taxes = [.. tax.Select(one => LifeTax.Cents(share * new Ratio(one, 1)))];
        return [.. changes.Select((line, i) => (totals[i] - (line.Rate is { IsInclusive: false } ? taxes[i] : 0), taxes[i]))];
    }

    private void Note(LifeInvoice invoice, IReadOnlyList<(LifeLine Line, long Amount, long Tax)> parts)
    {
        long total = parts.Sum(part => part.Amount + (part.Line.Rate is { IsInclusive: false } ? part.Tax : 0));
        foreach ((LifeLine part, long amount, long tax) in parts)
        {
            if (invoice.Lines.Find(line => (line.First, line.Last, line.Key) == (part.First, part.Last, part.Key)) is not { } line)
            {
                invoice.Others.Add(part with { Id = ++_lines, Amount = -amount, Tax = -tax, Credited = 0, CreditedTax = 0 });
                continue;
            }

            line.Credited += amount;
            line.CreditedTax += tax;
            long back = part.Kind == "advance" ? Math.Max(0, Math.Min(_revenue.Still(line.Id), amount - (part.Rate is { IsInclusive: true } ? tax : 0))) : 0;
            if (back > 0)
            {
                DateTimeOffset month = new(_now.UtcDateTime.Year, _now.UtcDateTime.Month, 1, 11, 0, 0, TimeSpan.Zero);
                _revenue.Add(++_lines, line.Id, -back, LifeHistory.Earlier(line.To, LifeHistory.Later(line.From, month)), line.To);
            }
        }

        invoice.HasNotes = true;
        invoice.Notes += total;
        long open = Math.Min(invoice.Remaining, total);
        invoice.Remaining -= open;
        Credit += total - open;
    }
}
