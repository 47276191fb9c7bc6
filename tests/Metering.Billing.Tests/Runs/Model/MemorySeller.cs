using Metering.Billing.Corrections;
using Metering.Billing.Invoicing;
using Metering.Billing.Ledger;
using Metering.Billing.Periods;
using Metering.Billing.Runs;
using Metering.Billing.Tax;
using Xunit;

namespace Metering.Billing.Tests.Runs.Model;

/// <summary>An invoice as it was issued.</summary>
internal sealed class MemoryInvoice(string id, Invoice invoice, IReadOnlyList<IssuedLine> lines, Money remaining)
{
    public string Id => id;

    public Invoice Invoice => invoice;

    public List<IssuedLine> Lines { get; } = [.. lines];

    /// <summary>Parts of its credit notes whose line is on another invoice or on none: they are issued as well.</summary>
    public List<IssuedLine> Others { get; } = [];

    public Money Remaining { get; set; } = remaining;

    public Money Notes { get; set; } = Money.Zero(invoice.Currency);
}

/// <summary>What billing run, correction run, payments and credit notes do around the pure core, for one customer with one subscription, without a database.</summary>
internal sealed class MemorySeller(Story story)
{
    private const string Customer = "c";

    /// <summary>Marks what no invoice could bear.</summary>
    public const string Rest = "rest";

    private static readonly Currency s_usd = Currency.Of("USD");
    private static readonly Money s_zero = Money.Zero(s_usd);
    private static readonly TaxTerms s_tax = new(TaxStatus.Exempt, DateTimeOffset.UnixEpoch, []);

    private readonly SortedSet<(DateTimeOffset Start, DateTimeOffset End)> _dirty = [];
    private readonly List<(AmountCharge Charge, Money Accrued)> _pending = [];
    private readonly Dictionary<string, Money> _stillDeferred = [];
    private int _notes;
    private int _payments;
    private int _corrections;
    private DateTimeOffset _now;

    public GeneralLedger Ledger { get; private set; } = GeneralLedger.Empty;

    public List<MemoryInvoice> Invoices { get; } = [];

    public DateTimeOffset BilledTo { get; private set; } = DateTimeOffset.MinValue;

    private IEnumerable<IssuedLine> Issued => Invoices.SelectMany(invoice => invoice.Lines.Concat(invoice.Others));

    public int Bill(DateTimeOffset now)
    {
        _now = now;
        int before = Invoices.Count;
        while (Agenda.NextDue(story.History, BilledTo) is { } due && due <= now)
        {
            DueLines lines = DueCharges.Of(story.History, BilledTo, due, [.. Issued], story.UsageOf);
            if (!lines.IsEmpty || _pending.Count > 0)
            {
                Issue(lines);
            }

            BilledTo = due;
        }

        return Invoices.Count - before;
    }

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
        foreach ((DateTimeOffset start, DateTimeOffset end) in _dirty.Where(one => one.End <= BilledTo || Agenda.NextDue(story.History, BilledTo) is null).ToArray())
        {
            _dirty.Remove((start, end));
            Correct(new TimeRange(start, end));
        }
    }

    public void Pay(int number, long cents)
    {
        MemoryInvoice invoice = Invoices[number];
        (Money applied, Money excess) = InvoiceLife.Split(new Money(cents, s_usd), invoice.Remaining);
        invoice.Remaining -= applied;
        Post(MoneyPostings.Paid($"{_payments++}", Customer, applied, excess, toBank: true, Booking));
    }

    public void GiveBack(int number, int line, long cents)
    {
        IssuedLine billed = Invoices[number].Lines[line];
        Note(Invoices[number], [(new BilledLine(billed.Identity, new Money(-cents, s_usd), s_zero, IsTaxInclusive: false), LineRecognition.Arrears, billed.Service)]);
    }

    public long Balance(Account account) => Ledger.BalanceOf(account, s_usd).MinorUnits;

    private Booking Booking => new(DateOnly.FromDateTime(_now.UtcDateTime), _now);

    private void Correct(TimeRange period)
    {
        IssuedLine[] issued =
        [
            .. Issued.Where(line => line.Period == period),
            .. _pending.Where(one => one.Charge.Period == period).Select((one, i) => new IssuedLine(
                $"pending/{i}", period, one.Charge.Key, one.Charge.Component, one.Charge.Service, one.Charge.Recognition, one.Charge.Amount, s_zero, s_zero, null, s_zero, s_zero, IsVoid: false)),
        ];
        IReadOnlyList<AmountCharge> changes = PeriodCorrection.Of(story.History, period, issued, s_tax, story.UsageOf);
        IssuedInvoice[] creditable = [.. Invoices.Select((invoice, i) => new IssuedInvoice($"{i}", DateTimeOffset.UnixEpoch.AddDays(i), Creditable(invoice, period)))];
        Correction correction = CorrectionRun.Compute([.. changes.Select(change => new BilledLine(new LineIdentity(change.Period, change.Key), change.Amount, s_zero, false))], [], creditable, s_usd);
        _corrections++;
        if (correction.Outcome == CorrectionOutcome.Charged)
        {
            Charge(changes);
        }

        foreach (CorrectionNote note in correction.Notes)
        {
            Note(Invoices[int.Parse(note.Invoice, System.Globalization.CultureInfo.InvariantCulture)], [.. note.Lines.Select(line => (line, Of(changes, line).Recognition, Of(changes, line).Service))]);
        }

        _pending.AddRange(correction.Rest.Select(line => (Of(changes, line) with { Amount = line.Amount, Arithmetic = Rest }, s_zero)));
    }

    private static AmountCharge Of(IReadOnlyList<AmountCharge> changes, BilledLine line) => changes.Single(change => change.Key == line.Identity.Key);

    private static Money Creditable(MemoryInvoice invoice, TimeRange period) => Money.Max(s_zero, Money.Min(
        invoice.Lines.Concat(invoice.Others).Where(line => line.Period == period).Aggregate(s_zero, (sum, line) => sum + line.Net - line.Credited), Money.Max(invoice.Invoice.Total, s_zero) - invoice.Notes));

    private void Charge(IReadOnlyList<AmountCharge> changes)
    {
        Money[] earned = [.. changes.Select(change => change.Recognition == LineRecognition.Arrears ? change.Amount : s_zero)];
        bool accrues = earned.Aggregate(s_zero, (sum, one) => sum + one).Sign > 0;
        Post(InvoicePostings.LateUsage("sub", $"{_corrections}", "run", Customer, earned, Booking));
        _pending.AddRange(changes.Select((change, i) => (change, accrues ? earned[i] : s_zero)));
        if (Agenda.NextDue(story.History, BilledTo) is not { } next || next > _now.AddDays(31))
        {
            Issue(new DueLines([], [], []));
        }
    }

    private void Note(MemoryInvoice invoice, IReadOnlyList<(BilledLine Line, LineRecognition Recognition, TimeRange Service)> parts)
    {
        List<LineFact> facts = [];
        Money total = s_zero;
        foreach ((BilledLine part, LineRecognition recognition, TimeRange service) in parts)
        {
            int at = invoice.Lines.FindIndex(line => line.Identity == part.Identity);
            LineFact fact = LineFacts.Of("", -part.Amount, s_zero, isTaxInclusive: false, recognition);
            if (at >= 0)
            {
                invoice.Lines[at] = invoice.Lines[at] with { Credited = invoice.Lines[at].Credited - part.Amount };
                fact = fact with { StillDeferred = _stillDeferred.GetValueOrDefault(invoice.Lines[at].Id, s_zero) };
                _stillDeferred[invoice.Lines[at].Id] = fact.StillDeferred - fact.Undeferred;
            }
            else
            {
                invoice.Others.Add(new IssuedLine($"n{_notes}", part.Identity.Period, part.Identity.Key, Component(part.Identity.Key), service, recognition, part.Amount, s_zero, s_zero, null, s_zero, s_zero, IsVoid: false));
            }

            facts.Add(fact);
            total -= part.Amount;
        }

        Assert.True(total <= Money.Max(invoice.Invoice.Total, s_zero) - invoice.Notes, $"{invoice.Id} cannot bear {total}");
        Money open = Money.Min(total, invoice.Remaining);
        invoice.Remaining -= open;
        invoice.Notes += total;
        Post(CreditNotePostings.Issued(new IssuedCreditNote($"{_notes++}", Customer, facts, [], open, [], Refunds: false), Booking));
    }

    private static string Component(string key) => key[..key.IndexOf('#', StringComparison.Ordinal)];

    private void Issue(DueLines lines)
    {
        string id = $"i{Invoices.Count}";
        Dictionary<int, Money> accrued = _pending.Index().Where(one => !one.Item.Accrued.IsZero).ToDictionary(one => lines.Charges.Count + one.Index, one => one.Item.Accrued);
        Invoice invoice = InvoiceComputation.Compute(new InvoiceInputs
        {
            Subscription = "sub",
            HistorySequence = 0,
            Seal = 1,
            ApprovedHistorySeal = 1,
            Tzdb = "test",
            Currency = s_usd,
            Charges = [.. lines.Charges, .. _pending.Select(one => one.Charge)],
            Tax = s_tax,
        });
        _pending.Clear();
        LineFact[] facts = LineFacts.Of(id, invoice.Lines, accrued, _stillDeferred);
        Settlement settlement = Settlement.Of(invoice, [], Ledger.BalanceOf(Account.OfCustomer(AccountKind.CustomerCredit, Customer), s_usd));
        Post(InvoicePostings.Finalized(LineFacts.Finalized(id, Customer, invoice, settlement, facts), Booking));
        for (int i = 0; i < facts.Length; i++)
        {
            _stillDeferred[LineId.Of(id, i + 1)] = facts[i].Deferred;
        }

        IssuedLine[] issued = [.. invoice.Lines.Select((line, i) => new IssuedLine(
            LineId.Of(id, i + 1), line.Period, line.Key, line.Component, line.Service, line.Recognition, line.Amount, line.Discount, line.Tax, line.TaxRate, s_zero, s_zero, IsVoid: false))];
        Invoices.Add(new MemoryInvoice(id, invoice, issued, settlement.AmountDue));
    }

    private void Post(IEnumerable<LedgerTransaction> transactions)
    {
        (IReadOnlyList<PostResult> results, Ledger) = Ledger.PostAll([.. transactions], atomic: true);
        Assert.All(results, result => Assert.Equal(PostResult.Posted, result));
    }
}
