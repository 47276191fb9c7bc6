using Metering.Billing.Invoicing;
using Metering.Billing.Ledger;
using Metering.Billing.Periods;
using Metering.Billing.Runs;
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
    private IEnumerable<IssuedLine> Issued => Invoices.Where(invoice => invoice.State != InvoiceState.Void || invoice.IsWaived)
        .SelectMany(invoice => invoice.Lines.Select(line => line with { IsVoid = invoice.IsWaived }).Concat(invoice.Others));

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
        invoice.Remaining -= applied;
        invoice.HasPayments = true;
        Post(MoneyPostings.Paid($"{_payments++}", Customer, applied, excess, toBank: true, Booking));
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
        string id = $"i{Invoices.Count}";
        PendingDifference[] pending = [.. _pending];
        _pending.Clear();
        Dictionary<int, Money> accrued = pending.Index().Where(one => !one.Item.Accrued.IsZero).ToDictionary(one => lines.Charges.Count + one.Index, one => one.Item.Accrued);
        Charge[] charges = [.. lines.Charges, .. pending.Select(one => one.Charge)];
        Invoice invoice = InvoiceComputation.Compute(new InvoiceInputs
        {
            Subscription = "sub",
            HistorySequence = 0,
            Seal = 1,
            ApprovedHistorySeal = 1,
            Tzdb = "test",
            Currency = s_usd,
            Charges = charges,
            Commitments = lines.Commitments,
            Discounts = lines.Discounts,
            Tax = story.Tax with { At = due },
        });
        LineFact[] facts = LineFacts.Of(id, invoice.Lines, accrued, _revenue.StillDeferred());
        Settlement settlement = Settlement.Of(invoice, [], Ledger.BalanceOf(Account.OfCustomer(AccountKind.CustomerCredit, Customer), s_usd));
        Post(InvoicePostings.Finalized(LineFacts.Finalized(id, Customer, invoice, settlement, facts), Booking));
        foreach ((LineFact fact, InvoiceLine line) in facts.Zip(invoice.Lines))
        {
            _revenue.Add(fact.Id, line.Corrects, fact.Deferred, line.Service);
        }

        IssuedLine[] issued = [.. invoice.Lines.Select((line, i) => new IssuedLine(
            LineId.Of(id, i + 1), line.Period, line.Key, line.Component, line.Service, line.Recognition, line.Amount, line.Discount, line.Tax, line.TaxRate, s_zero, s_zero, IsVoid: false, IsDifference: line.Charge is { } charge && charges[charge].OriginalTax is not null))];
        Invoices.Add(new MemoryInvoice(id, due, invoice, issued, settlement) { Pending = pending });
    }

    private void Post(IEnumerable<LedgerTransaction> transactions) => Assert.True(TryPost([.. transactions]));

    private bool TryPost(IReadOnlyList<LedgerTransaction> transactions)
    {
        (IReadOnlyList<PostResult> results, Ledger) = Ledger.PostAll(transactions, atomic: true);
        Assert.All(results, result => Assert.True(result is PostResult.Posted or PostResult.Overdrawn or PostResult.BatchRefused, $"{result}"));
        return results.All(result => result == PostResult.Posted);
    }
}
