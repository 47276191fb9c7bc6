using Metering.Billing.Credits;
using Metering.Billing.Invoicing;
using Metering.Billing.Ledger;
using Metering.Billing.Periods;
using Metering.Billing.Runs;
using Metering.Billing.Tax;
using Xunit;

namespace Metering.Billing.Tests.Runs.Model;

/// <summary>What billing run, correction run, payments, credit notes and voids do around the pure core, for one customer with one subscription, without a database.</summary>
internal sealed partial class MemorySeller(Story story)
{
    private const string Customer = "c";

    private static readonly Currency s_usd = Currency.Of("USD");
    private static readonly Money s_zero = Money.Zero(s_usd);

    private readonly List<PendingDifference> _pending = [];
    private readonly MemoryRevenue _revenue = new(story.History.Zone);
    private int _payments;
    private DateTimeOffset _now;

    public GeneralLedger Ledger { get; private set; } = GeneralLedger.Empty;

    public List<MemoryInvoice> Invoices { get; } = [];

    public DateTimeOffset BilledTo { get; private set; } = DateTimeOffset.MinValue;

    /// <summary>Lines of an invoice that was voided are not issued, unless they shall not be billed again.</summary>
    private IEnumerable<IssuedLine> Issued => Invoices.Where(invoice => !invoice.IsPurchase && (invoice.State != InvoiceState.Void || invoice.IsWaived))
        .SelectMany(invoice => invoice.Lines.Select(line => line with { IsVoid = invoice.IsWaived }).Concat(invoice.Others));

    public DateTimeOffset Clock
    {
        set => _now = value;
    }

    public int Bill(DateTimeOffset now)
    {
        _now = now;
        int before = Invoices.Count;
        while (Agenda.NextDue(story.History, BilledTo) is { } due && due <= now)
        {
            DueLines lines = DueCharges.Of(story.History, BilledTo, due, [.. Issued], story.UsageOf);
            if (!lines.IsEmpty || _pending.Count > 0)
            {
                Issue(lines, due);
            }

            BilledTo = due;
        }

        return Invoices.Count - before;
    }

    public void Pay(int number, long cents)
    {
        MemoryInvoice invoice = Invoices[number];
        (Money applied, Money excess) = InvoiceLife.Split(new Money(cents, s_usd), invoice.Remaining);
        string payment = $"{_payments++}";
        Post(invoice.State == InvoiceState.Uncollectible ? InvoicePostings.Recovered(invoice.Id, payment, Customer, applied, Booking) : []);
        Post(MoneyPostings.Paid(payment, Customer, applied, excess, toBank: true, Booking));
        invoice.HasPayments = true;
        Left(invoice, invoice.Remaining - applied);
    }

    /// <summary>Months that are over become revenue.</summary>
    public void Recognise(DateTimeOffset now)
    {
        _now = now;
        Post(_revenue.Recognise(now, Customer));
    }

    public long Balance(Account account) => Ledger.BalanceOf(account, s_usd).MinorUnits;

    private Booking Booking => new(DateOnly.FromDateTime(_now.UtcDateTime), _now);

    private void Issue(DueLines lines, DateTimeOffset due)
    {
        PendingDifference[] pending = [.. _pending];
        _pending.Clear();
        Issue(lines.Charges, lines.Commitments, lines.Discounts, pending, story.Tax with { At = due }, due, isPurchase: false);
    }

    private MemoryInvoice Issue(
        IReadOnlyList<Charge> due, IReadOnlyList<CommitmentCharge> commitments, IReadOnlyList<PeriodDiscounts> discounts, PendingDifference[] pending, TaxTerms tax, DateTimeOffset at, bool isPurchase)
    {
        string id = $"i{Invoices.Count}";
        Dictionary<int, Money> accrued = pending.Index().Where(one => !one.Item.Accrued.IsZero).ToDictionary(one => due.Count + one.Index, one => one.Item.Accrued);
        Charge[] charges = [.. due, .. pending.Select(one => one.Charge)];
        Invoice invoice = InvoiceComputation.Compute(new InvoiceInputs
        {
            Subscription = "sub",
            HistorySequence = 0,
            Seal = 1,
            ApprovedHistorySeal = 1,
            Tzdb = "test",
            Currency = s_usd,
            Charges = charges,
            Commitments = commitments,
            Discounts = discounts,
            PromotionalGrants = [.. Usable(GrantKind.Promotional)],
            Tax = tax,
        });
        LineFact[] facts = LineFacts.Of(id, invoice.Lines, accrued, _revenue.StillDeferred());
        Settlement settlement = Settlement.Of(invoice, Usable(GrantKind.Paid), Ledger.BalanceOf(Account.OfCustomer(AccountKind.CustomerCredit, Customer), s_usd));
        Post(InvoicePostings.Finalized(LineFacts.Finalized(id, Customer, invoice, settlement, facts), Booking));
        foreach ((LineFact fact, InvoiceLine line) in facts.Zip(invoice.Lines))
        {
            _revenue.Add(fact.Id, line.Corrects, fact.Deferred, line.Service);
        }

        IssuedLine[] issued = [.. invoice.Lines.Select((line, i) => new IssuedLine(
            LineId.Of(id, i + 1), line.Period, line.Key, line.Component, line.Service, line.Recognition, line.Amount, line.Discount, line.Tax, line.TaxRate, s_zero, s_zero, IsVoid: false, IsDifference: line.Charge is { } charge && charges[charge].OriginalTax is not null)
        {
            Promotional = line.Promotional,
        })];
        Invoices.Add(new MemoryInvoice(id, at, invoice, issued, settlement) { Pending = pending, IsPurchase = isPurchase, Promotions = Use(invoice.Promotions), PaidGrants = Use(settlement.PaidGrants) });
        return Invoices[^1];
    }

    /// <summary>What of an invoice is left to pay.</summary>
    private void Left(MemoryInvoice invoice, Money remaining)
    {
        invoice.State = invoice.Remaining.IsZero ? invoice.State : InvoiceLife.With(invoice.State, remaining);
        invoice.Remaining = remaining;
        SoldBy(invoice);
    }

    private void Post(IEnumerable<LedgerTransaction> transactions) => Assert.True(TryPost([.. transactions]));

    private bool TryPost(IReadOnlyList<LedgerTransaction> transactions)
    {
        (IReadOnlyList<PostResult> results, Ledger) = Ledger.PostAll(transactions, atomic: true);
        Assert.All(results, result => Assert.True(result is PostResult.Posted or PostResult.Overdrawn or PostResult.BatchRefused, $"{result}"));
        return results.All(result => result == PostResult.Posted);
    }
}
