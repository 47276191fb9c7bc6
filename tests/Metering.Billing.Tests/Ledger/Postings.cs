using Metering.Billing.Invoicing;
using Metering.Billing.Ledger;
using Metering.Billing.Tests.Zones;

namespace Metering.Billing.Tests.Ledger;

/// <summary>One example of every row of the posting table, in USD and for customer <c>c</c>.</summary>
internal static class Postings
{
    public static readonly Booking Today = new(new DateOnly(2026, 1, 31), Instants.Utc("2026-01-31T12:00Z"));

    private static readonly LineFact s_usage = new("usage", Usd(6000), Usd(1200), LineRecognition.Arrears);
    private static readonly LineFact s_seats = new("seats", Usd(10000), Usd(2000), LineRecognition.Advance);

    public static IEnumerable<(string Row, IEnumerable<LedgerTransaction> Transactions)> Examples()
    {
        yield return ("1, 3, 4, 5", InvoicePostings.Finalized(
            new FinalizedInvoice("i1", "c", [s_usage, s_seats, new LineFact("fee", Usd(500), Usd(100), LineRecognition.Once), new LineFact("grant", Usd(5000), Usd(0), LineRecognition.GrantPurchase) { Grant = "g1" }], [new GrantUse("p1", Usd(1000))], [new GrantUse("g0", Usd(700))], Usd(300)), Today));
        yield return ("1, negative line", InvoicePostings.Finalized(
            new FinalizedInvoice("i2", "c", [s_seats, new LineFact("old", Usd(-5000), Usd(-1000), LineRecognition.Advance) { StillDeferred = Usd(4000) }], [], [], Usd(0)), Today));
        yield return ("2", InvoicePostings.Finalized(new FinalizedInvoice("i3", "c", [s_usage with { Accrued = Usd(4500) }], [], [], Usd(0)), Today));
        yield return ("6", InvoicePostings.Finalized(
            new FinalizedInvoice("i4", "c", [new LineFact("old", Usd(-5000), Usd(-1000), LineRecognition.Advance) { StillDeferred = Usd(5000) }], [], [], Usd(0)), Today));
        yield return ("7, 8", MoneyPostings.Paid("pay1", "c", Usd(7200), Usd(100), toBank: false, Today));
        yield return ("7, to the bank", MoneyPostings.Paid("pay2", "c", Usd(7200), Usd(0), toBank: true, Today));
        yield return ("9", Recognition.Post("i1/seats", "c", new MonthEarned(new DateOnly(2026, 1, 1), Usd(4516)), Today));
        yield return ("10", InvoicePostings.LateUsage("s", "2026-01", "7", "c", [Usd(2000), Usd(-500)], Today));
        yield return ("10, net not above zero", InvoicePostings.LateUsage("s", "2026-01", "8", "c", [Usd(500), Usd(-500)], Today));
        IssuedCreditNote open = new("n1", "c", [s_seats with { StillDeferred = Usd(6000) }], [new GrantUse("p1", Usd(1000))], Usd(11000), [], Refunds: false);
        yield return ("11", CreditNotePostings.Issued(open, Today));
        yield return ("11, 12", CreditNotePostings.Issued(open with { Id = "n2", Open = Usd(2000), PaidGrants = [new GrantUse("g1", Usd(3000))] }, Today));
        yield return ("12, refund", CreditNotePostings.Issued(open with { Id = "n3", Open = Usd(0), Refunds = true }, Today));
        LedgerTransaction note = CreditNotePostings.Issued(open, Today).Single();
        yield return ("13", [CreditNotePostings.Voided("n1", note, Today, "wrong line")]);
        LedgerTransaction refund = CreditNotePostings.RefundSent("r1", Usd(900), Today).Single();
        yield return ("14", [refund, CreditNotePostings.RefundFailed("r1", refund, Today, "account closed")]);
        LedgerTransaction[] void5 = [.. InvoicePostings.Finalized(new FinalizedInvoice("i5", "c", [s_seats], [], [], Usd(300)), Today), .. Recognition.Post("i5/seats", "c", new MonthEarned(new DateOnly(2026, 1, 1), Usd(4516)), Today)];
        yield return ("15", [InvoicePostings.Voided("i5", void5, Today, "sent twice")]);
        yield return ("16", InvoicePostings.WrittenOff("i1", "c", Usd(7200), Today));
        yield return ("11, 12, after 16", CreditNotePostings.Issued(open with { Id = "n4", Open = Usd(7200), IsWrittenOff = true }, Today));
        yield return ("17", InvoicePostings.Recovered("i1", "pay3", "c", Usd(7200), Today));
        yield return ("19", GrantPostings.Expired("g1", "c", Usd(800), Today));
        yield return ("20", GrantPostings.Refunded("g1", 1, "c", Usd(800), Today));
        yield return ("21", MoneyPostings.FeeTaken("txn_1", Usd(239), Today).Concat(MoneyPostings.PaidOut("po_1", Usd(6961), Today)));
        LedgerTransaction withdrawn = MoneyPostings.DisputeWithdrawn("d1", Usd(7200), Today).Single();
        yield return ("22", [withdrawn, MoneyPostings.DisputeReinstated("d1", withdrawn, Today, "won"), .. MoneyPostings.DisputeLost("d2", Usd(7200), Today)]);
        yield return ("23", InvoicePostings.Finalized(new FinalizedInvoice("in_123", "c", [s_usage], [], [], Usd(0)), Today));
        yield return ("24", ManualPostings.Opened("m1", Account.OfCustomer(AccountKind.Receivable, "c"), Usd(400), Today)
            .Concat(ManualPostings.Opened("m1", Account.OfCustomer(AccountKind.CustomerCredit, "c"), Usd(250), Today)));
        ManualPostings.Manual("x1", [new Entry(Account.OfTenant(AccountKind.Fees), Direction.Debit, Usd(5)), new Entry(Account.OfTenant(AccountKind.Bank), Direction.Credit, Usd(5))], "bank fee", "ada", Today, out LedgerTransaction? manual);
        yield return ("25", [manual!]);
    }

    public static Money Usd(long cents) => new(cents, Currency.Of("USD"));

    /// <summary>The row, then a line per transaction: its key, then debits and credits.</summary>
    public static IEnumerable<string> Show(string row, IEnumerable<LedgerTransaction> transactions) =>
    [
        row,
        .. transactions.Select(one => $"  {one.Key}: {string.Join(", ", Sides(one, Direction.Debit))} / {string.Join(", ", Sides(one, Direction.Credit))}").DefaultIfEmpty("  nothing"),
    ];

    private static IEnumerable<string> Sides(LedgerTransaction one, Direction direction) =>
        one.Entries.Where(entry => entry.Direction == direction).Select(entry => $"{entry.Account} {entry.Amount}");
}
