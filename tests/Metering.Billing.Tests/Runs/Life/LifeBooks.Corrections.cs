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
        bool isOver = _agenda.NextDue(BilledTo, billedFrom) is null;
        while (_dirty.Where(one => one.Last <= BilledTo || isOver).OrderBy(one => (int)((one.Last - one.First).TotalDays + 1) / 28).ThenBy(one => one.Last).ThenByDescending(one => one.First).FirstOrDefault() is var (first, last) && first < last)
        {
            _dirty.Remove((first, last));
            Correct(first, last);
        }
    }

    private static bool IsTrueUp(LifeLine line) => line.Key.StartsWith("commitment", StringComparison.Ordinal);

    /// <summary>Somebody gives back some of a line; refused when the invoice cannot bear it.</summary>
    public bool GiveBack(LifeInvoice invoice, LifeLine line, long amount)
    {
        long tax = LifeTax.Cents(new Ratio(line.Tax, 1) * new Ratio(line.Credited + amount, line.Net)) - line.CreditedTax;
        long promo = LifeTax.Cents(new Ratio(line.Promo, 1) * new Ratio(line.Credited + amount, line.Net)) - line.CreditedPromo;
        if (amount - promo + (line.Rate is { IsInclusive: false } ? tax : 0) > Math.Max(0, invoice.Total) - invoice.Notes)
        {
            return false;
        }

        Note(invoice, [(line, amount, promo, tax)]);
        return true;
    }

    /// <summary>False when it is refused.</summary>
    public bool Void(LifeInvoice invoice, bool waives)
    {
        LifeGrant? sold = Grants.Find(grant => grant.SoldBy == invoice);
        if (invoice.IsVoid || invoice.IsWrittenOff || invoice.HasPayments || invoice.HasNotes || Credit + invoice.CreditUsed - invoice.Carried < 0 || sold?.Left < invoice.Total)
        {
            return false;
        }

        if (sold is not null)
        {
            (sold.IsGone, sold.Left) = (true, 0);
        }

        (invoice.IsVoid, invoice.IsWaived) = (true, waives);
        GiveBack(invoice.Promotions, long.MaxValue);
        GiveBack(invoice.PaidGrants, long.MaxValue);
        Credit += invoice.CreditUsed - invoice.Carried;
        invoice.Remaining = 0;
        invoice.Lines.ForEach(line => _revenue.Cancel(line.Id));
        if (invoice.IsPurchase)
        {
            return true;
        }

        if (waives)
        {
            _waivedAccruals += invoice.Lines.Sum(line => line.Accrued);
            return true;
        }

        BilledTo = LifeHistory.Earlier(BilledTo, Invoices.Where(one => !one.IsVoid && !one.IsPurchase && one.DueAt < invoice.DueAt).Select(one => one.DueAt).DefaultIfEmpty(DateTimeOffset.MinValue).Max());
        _pending.AddRange(invoice.Lines.Where(line => line.WasPending).Select(line => line with { Tax = 0, Promo = 0 }));
        return true;
    }

    private void Correct(DateTimeOffset first, DateTimeOffset last)
    {
        List<LifeLine> changes = Changes(first, last);
        if (changes.Count > 0)
        {
            _dirty.UnionWith(Issued(true).Where(line => IsTrueUp(line) && line.First <= first && line.Last > first && line.Last < last).Select(line => (line.First, line.Last))); // it counts what changed
        }

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
        again.AddRange(_agenda.Commitments(last).Where(one => one.Period.First == first && one.Period.Last == last && (one.DueAt <= BilledTo || issued.Any(IsTrueUp))).Select(one => TrueUp(one, counted)));
        foreach ((string component, LifePeriod period) in periods.Take(1))
        {
            LifeDiscounts.Compute(owed.InvoiceDiscounts(component, period), [.. issued.Where(line => line.Kind != "arrears" && !line.IsDifference && !IsWaived(line))], [.. fresh, .. again]);
        }

        HashSet<string> known = [.. ahead.Select(fee => fee.Key), .. again.Select(line => line.Key)];
        IEnumerable<LifeLine> gone = issued.Where(line => !known.Contains(line.Key)).GroupBy(line => line.Key).Select(lines => lines.First() with { Id = ++_lines, Amount = 0, Discount = 0, Tax = 0, Promo = 0, Accrued = 0 });
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
            Promo = 0,
            Credited = 0,
            CreditedPromo = 0,
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
        (List<(LifeInvoice Invoice, List<(LifeLine Line, long Amount, long Promo, long Tax)> Parts)> notes, List<LifeLine> rest) = Spread(first, last, changes, tax, credit);
        if (notes.Any(note => Total(note.Parts) < 0))
        {
            // Grants get back more than the customer: what became dearer is billed, and not taken off what is given back.
            long[] totals = [.. changes.Select((line, i) => line.Amount + (line.Rate is { IsInclusive: false } ? tax[i] : 0))];
            List<LifeLine> less = [.. changes.Where((_, i) => totals[i] < 0)];
            (notes, rest) = Spread(first, last, less, [.. tax.Where((_, i) => totals[i] < 0)], -totals.Where(total => total < 0).Sum());
            rest.AddRange(changes.Where((_, i) => totals[i] >= 0));
        }

        notes.ForEach(note => Note(note.Invoice, note.Parts));
        _pending.AddRange(rest.Select(line => line with { IsRest = true, WasPending = true }));
        if (rest.Count > 0)
        {
            IssueUnlessDue();
        }
    }

    private (List<(LifeInvoice Invoice, List<(LifeLine Line, long Amount, long Promo, long Tax)> Parts)> Notes, List<LifeLine> Others) Spread(
        DateTimeOffset first, DateTimeOffset last, List<LifeLine> changes, long[] tax, long credit)
    {
        List<(LifeInvoice, List<(LifeLine, long, long, long)>)> notes = [];
        long given = 0;
        (long Amount, long Tax)[] done = [.. changes.Select(_ => (0L, 0L))];
        foreach (LifeInvoice invoice in Invoices.Where(one => !one.IsVoid && !one.IsPurchase).Reverse())
        {
            LifeLine[] all = [.. invoice.Lines, .. invoice.Others];
            LifeLine[] own = [.. all.Where(line => line.First == first && line.Last == last)];
            long here = Math.Min(Math.Min(own.Sum(line => line.Left), all.Sum(line => line.Left)), credit - given);
            long payable = Math.Max(0, Math.Min(own.Sum(line => line.Payable), all.Sum(line => line.Payable)));
            if (here > 0 && Total(Promoted(invoice, changes, done, Parts(changes, tax, given + here, credit))) > payable)
            {
                here = Math.Min(here, payable);
            }

            if (here <= 0)
            {
                continue;
            }

            given += here;
            (long Amount, long Tax)[] reached = Parts(changes, tax, given, credit);
            notes.Add((invoice, Promoted(invoice, changes, done, reached)));
            done = reached;
        }

        return (notes, given == credit ? [] : [.. changes.Select((line, i) => line with { Amount = line.Amount - done[i].Amount }).Where((line, i) => line.Amount != 0 || tax[i] != done[i].Tax)]);
    }

    private static (long Amount, long Tax)[] Parts(List<LifeLine> changes, long[] tax, long given, long credit)
    {
        Ratio share = new(given, credit);
        long[] totals = Remainders.Share(-given, [.. changes.Select((line, i) => share * new Ratio(line.Amount + (line.Rate is { IsInclusive: false } ? tax[i] : 0), 1))]);
        long[] taxes = [.. tax.Select(one => LifeTax.Cents(share * new Ratio(one, 1)))];
        return [.. changes.Select((line, i) => (totals[i] - (line.Rate is { IsInclusive: false } ? taxes[i] : 0), taxes[i]))];
    }

    /// <summary>What an invoice gives back of each line: of one that grants paid some of, their share of it to them and the tax of the rest; beyond what is left of it, as of any other line.</summary>
    private static List<(LifeLine Line, long Amount, long Promo, long Tax)> Promoted(LifeInvoice invoice, List<LifeLine> changes, (long Amount, long Tax)[] done, (long Amount, long Tax)[] reached)
    {
        List<(LifeLine, long, long, long)> parts = [];
        foreach ((LifeLine change, int i) in changes.Select((line, i) => (line, i)))
        {
            (long amount, long tax) = (done[i].Amount - reached[i].Amount, done[i].Tax - reached[i].Tax);
            long promo = 0;
            if (amount > 0 && invoice.Lines.Find(line => (line.First, line.Last, line.Key) == (change.First, change.Last, change.Key)) is { Promo: > 0 } line)
            {
                long own = Math.Max(0, Math.Min(amount, line.Net - line.Credited));
                Ratio share = own == 0 ? 0 : new Ratio(line.Credited + own, line.Net);
                promo = own == 0 ? 0 : LifeTax.Cents(share * new Ratio(line.Promo, 1)) - line.CreditedPromo;
                long taxOfOwn = own == 0 ? 0 : LifeTax.Cents(share * new Ratio(line.Tax, 1)) - line.CreditedTax;
                tax = Math.Min(tax, taxOfOwn + LifeTax.Cents(new Ratio(tax, 1) * new Ratio(amount - own, amount)));
            }

            if (amount != 0 || tax != 0)
            {
                parts.Add((change, amount, promo, tax));
            }
        }

        return parts;
    }

    private static long Total(IEnumerable<(LifeLine Line, long Amount, long Promo, long Tax)> parts) => parts.Sum(part => part.Amount - part.Promo + (part.Line.Rate is { IsInclusive: false } ? part.Tax : 0));

    private void Note(LifeInvoice invoice, IReadOnlyList<(LifeLine Line, long Amount, long Promo, long Tax)> parts)
    {
        long total = Total(parts);
        foreach ((LifeLine part, long amount, long promo, long tax) in parts)
        {
            if (invoice.Lines.Find(line => (line.First, line.Last, line.Key) == (part.First, part.Last, part.Key)) is not { } line)
            {
                invoice.Others.Add(part with { Id = ++_lines, Amount = -amount, Tax = -tax, Promo = 0, Credited = 0, CreditedPromo = 0, CreditedTax = 0 });
                continue;
            }

            line.Credited += amount;
            line.CreditedPromo += promo;
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
        GiveBack(invoice.Promotions, parts.Sum(part => part.Promo));
        long rest = GiveBack(invoice.PaidGrants, total - open);
        Credit += rest;
    }
}
