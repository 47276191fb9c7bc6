using Metering.Billing.Corrections;
using Metering.Billing.Invoicing;
using Metering.Billing.Ledger;
using Metering.Billing.Periods;
using Metering.Billing.Runs;
using Metering.Billing.Tax;
using Xunit;
using PostedUse = Metering.Billing.Ledger.GrantUse;

namespace Metering.Billing.Tests.Runs.Model;

/// <summary>Corrections, credit notes and voids.</summary>
internal sealed partial class MemorySeller
{
    /// <summary>Marks what no invoice could bear.</summary>
    public const string Rest = "rest";

    private readonly SortedSet<(DateTimeOffset Start, DateTimeOffset End)> _dirty = [];
    private int _notes;
    private int _corrections;

    /// <summary>Differences that wait for an invoice.</summary>
    public IEnumerable<AmountCharge> Waiting => _pending.Select(one => one.Charge);

    /// <summary>What is issued for a correction: differences that wait as well.</summary>
    public IEnumerable<IssuedLine> Counted => Issued.Concat(_pending.Select((one, i) => new IssuedLine(
        $"pending/{i}", one.Charge.Period, one.Charge.Key, one.Charge.Component, one.Charge.Service, one.Charge.Recognition, one.Charge.Amount, s_zero, s_zero, one.Charge.OriginalTax?.Rate, s_zero, s_zero,
        IsVoid: false, IsDifference: true)));

    /// <summary>Marks periods that were billed, be it with nothing: usage came late, or a change was recorded late.</summary>
    public void Touch(DateTimeOffset from, DateTimeOffset until)
    {
        IEnumerable<TimeRange> served = story.History.Components.SelectMany(component => story.History.PeriodsOf(component, BilledTo)).Select(period => period.Full);
        foreach (TimeRange period in Issued.Select(line => line.Period).Concat(served).Distinct().Where(period => period.Start < until && period.End > from && period.Start < BilledTo))
        {
            _dirty.Add((period.Start, period.End));
        }
    }

    public void Correct(DateTimeOffset now)
    {
        _now = now;
        while (_dirty.Where(one => one.End <= BilledTo || Agenda.NextDue(story.History, BilledTo) is null).OrderBy(one => (int)((one.End - one.Start).TotalDays + 1) / 28).ThenBy(one => one.End).ThenByDescending(one => one.Start).FirstOrDefault() is var (start, end) && end > start)
        {
            _dirty.Remove((start, end));
            Correct(new TimeRange(start, end));
        }
    }

    /// <summary>False when the invoice cannot bear it.</summary>
    public bool GiveBack(int number, int line, long cents)
    {
        MemoryInvoice invoice = Invoices[number];
        IssuedLine billed = invoice.Lines[line];
        bool isInclusive = billed.TaxRate is { IsInclusive: true };
        CreditNoteLine credit = CreditNote.Credit(
            new CreditableLine(billed.Net, billed.Promotional, billed.Tax, isInclusive), new Money(cents, s_usd), new CreditedLine(billed.Credited, billed.CreditedPromotional, billed.CreditedTax),
            RoundingMode.HalfAwayFromZero);
        if (credit.Total > invoice.LeftToCredit)
        {
            return false;
        }

        Note(invoice, [(new BilledLine(billed.Identity, -credit.Amount, -credit.Tax, isInclusive) { Promotional = -credit.Promotional }, billed.Recognition, billed.Service, billed.TaxRate)]);
        return true;
    }

    /// <summary>False when it is refused. What it billed is due again, unless it is waived; what it took from corrections waits again.</summary>
    public bool Void(int number, bool waives)
    {
        MemoryInvoice invoice = Invoices[number];
        if (InvoiceLife.Void(invoice.State, invoice.HasPayments, invoice.HasNotes) is not InvoiceRefusal.None)
        {
            return false;
        }

        string[] lines = [.. invoice.Lines.Select(line => line.Id)];
        LedgerTransaction[] posted = [.. Ledger.Transactions.Where(one => one.Key.StartsWith($"invoice:{invoice.Id}:", StringComparison.Ordinal) || lines.Any(line => one.Key.StartsWith($"recognition:{line}:", StringComparison.Ordinal)))];
        MemoryUse[] gone = [.. invoice.PaidGrants.Where(use => use.Grant.IsGone(_now))];
        if (posted.Length > 0 && !TryPost([
            InvoicePostings.Voided(invoice.Id, posted, Booking, "wrong"),
            .. gone.SelectMany(use => InvoicePostings.VoidedToCredit(invoice.Id, Customer, new PostedUse(use.Grant.Id, use.Amount), Booking))]))
        {
            return false;
        }

        foreach (MemoryUse use in invoice.Promotions.Concat(invoice.PaidGrants).Where(use => !use.Grant.IsGone(_now)))
        {
            use.Grant.Remaining += use.Amount;
        }

        Grants.Find(grant => grant.SoldBy == invoice)?.End();
        _revenue.Cancel(lines.ToHashSet());
        (invoice.State, invoice.IsWaived, invoice.Remaining) = (InvoiceState.Void, waives, s_zero);
        if (!waives && !invoice.IsPurchase)
        {
            DateTimeOffset before = Invoices.Where(one => !one.IsPurchase && one.State != InvoiceState.Void && one.DueAt < invoice.DueAt).Select(one => one.DueAt).DefaultIfEmpty(DateTimeOffset.MinValue).Max();
            BilledTo = before < BilledTo ? before : BilledTo;
            _pending.AddRange(invoice.Pending);
        }

        return true;
    }

    private void Correct(TimeRange period)
    {
        IReadOnlyList<AmountCharge> changes = PeriodCorrection.Of(story.History, period, BilledTo, [.. Counted], story.Tax with { At = period.End }, story.UsageOf);
        _dirty.UnionWith((changes.Count == 0 ? [] : PeriodCorrection.CountedBy(period, Issued)).Select(one => (one.Start, one.End)));
        Assert.True(changes.DistinctBy(change => change.Key).Count() == changes.Count, $"one difference a line: {string.Join(", ", changes.Select(change => $"{change.Key} {change.Amount}"))}");
        Correction correction = CorrectionRun.Compute([.. changes.Select(BilledLine.Of)], [], CreditableInvoices.Of(Issued, period), s_usd);
        _corrections++;
        if (correction.Outcome == CorrectionOutcome.Charged)
        {
            Charge(changes);
        }

        foreach (CorrectionNote note in correction.Notes)
        {
            Note(Invoices.Single(invoice => invoice.Id == note.Invoice), [.. note.Lines.Select(line => (line, Of(changes, line).Recognition, Of(changes, line).Service, Of(changes, line).OriginalTax?.Rate))]);
        }

        _pending.AddRange(correction.Rest.Select(line => new PendingDifference(Of(changes, line) with { Amount = line.Amount, Arithmetic = Rest }, s_zero)));
        if (correction.Rest.Count > 0)
        {
            IssueUnlessDue();
        }
    }

    private static AmountCharge Of(IReadOnlyList<AmountCharge> changes, BilledLine line) => changes.Single(change => change.Key == line.Identity.Key);

    private void Charge(IReadOnlyList<AmountCharge> changes)
    {
        Money[] earned = [.. changes.Select(change => change.Recognition != LineRecognition.Arrears ? s_zero : BilledLine.Of(change).WithoutTax)];
        bool accrues = earned.Aggregate(s_zero, (sum, one) => sum + one).Sign > 0;
        Post(InvoicePostings.LateUsage("sub", $"{_corrections}", "run", Customer, earned, Booking));
        _pending.AddRange(changes.Select((change, i) => new PendingDifference(change, accrues ? earned[i] : s_zero)));
        IssueUnlessDue();
    }

    /// <summary>An invoice of what waits, when none comes soon.</summary>
    private void IssueUnlessDue()
    {
        if (Agenda.NextDue(story.History, BilledTo) is not { } next || next > _now.AddDays(31))
        {
            Issue(new DueLines([], [], []), _now);
        }
    }

    private void Note(MemoryInvoice invoice, IReadOnlyList<(BilledLine Line, LineRecognition Recognition, TimeRange Service, TaxRate? Rate)> parts)
    {
        string id = $"n{_notes++}";
        List<LineFact> facts = [];
        Dictionary<string, Money> still = _revenue.StillDeferred();
        foreach ((BilledLine part, LineRecognition recognition, TimeRange service, TaxRate? rate) in parts)
        {
            int at = invoice.Lines.FindIndex(line => line.Identity == part.Identity);
            LineFact fact = LineFacts.Of("", -part.Amount, -part.Tax, part.IsTaxInclusive, recognition);
            if (at >= 0)
            {
                IssuedLine line = invoice.Lines[at];
                invoice.Lines[at] = line with { Credited = line.Credited - part.Amount, CreditedPromotional = line.CreditedPromotional - part.Promotional, CreditedTax = line.CreditedTax - part.Tax };
                fact = fact with { StillDeferred = still.GetValueOrDefault(line.Id, s_zero) };
                DateTimeOffset month = new(_now.UtcDateTime.Year, _now.UtcDateTime.Month, 1, 11, 0, 0, TimeSpan.Zero);
                _revenue.Add($"{id}/{facts.Count}", line.Id, -fact.Undeferred, new TimeRange(line.Service.Clamp(month), line.Service.End));
            }
            else
            {
                invoice.Others.Add(new IssuedLine(
                    $"{id}/{facts.Count}", part.Identity.Period, part.Identity.Key, Component(part.Identity.Key), service, recognition, part.Amount, s_zero, part.Tax, rate, s_zero, s_zero, IsVoid: false, IsDifference: true) { Invoice = invoice.Id });
            }

            facts.Add(fact);
        }

        Money promotional = parts.Aggregate(s_zero, (sum, part) => sum - part.Line.Promotional);
        Money total = parts.Aggregate(-promotional, (sum, part) => sum - part.Line.Total);
        Assert.True(total <= invoice.LeftToCredit && total.Sign >= 0, $"{invoice.Id} cannot bear {total}");
        CreditNoteSettlement settlement = CreditNote.Settle(total, invoice.Remaining, [.. invoice.PaidGrants.Select(use => new SettledByGrant(use.Grant.Id, use.Amount, use.Grant.IsGone(_now)))]);
        List<(string Grant, Money Amount)> promotions = CreditNote.Promotions(promotional, [.. invoice.Promotions.Select(use => (use.Grant.Id, use.Amount))]);
        Post(CreditNotePostings.Issued(
            new IssuedCreditNote(id, Customer, facts, [.. promotions.Select(Posted)], settlement.ReducesOpen, [.. settlement.RestoredGrants.Select(Posted)], Refunds: false)
            {
                IsWrittenOff = invoice.State == InvoiceState.Uncollectible,
            },
            Booking));
        GiveBack(invoice.Promotions, promotions);
        GiveBack(invoice.PaidGrants, settlement.RestoredGrants.Concat(settlement.ExpiredGrants));
        invoice.Notes += total;
        invoice.HasNotes = true;
        Left(invoice, invoice.Remaining - settlement.ReducesOpen);
    }

    /// <summary>One that has expired gets nothing.</summary>
    private void GiveBack(IReadOnlyList<MemoryUse> uses, IEnumerable<(string Grant, Money Amount)> restored)
    {
        foreach ((string grant, Money amount) in restored)
        {
            MemoryUse use = uses.Single(one => one.Grant.Id == grant);
            use.Amount -= amount;
            use.Grant.Remaining += use.Grant.IsGone(_now) ? s_zero : amount;
        }
    }

    private static PostedUse Posted((string Grant, Money Amount) one) => new(one.Grant, one.Amount);

    private static string Component(string key) => key.Contains('#', StringComparison.Ordinal) ? key[..key.IndexOf('#', StringComparison.Ordinal)] : "";
}
