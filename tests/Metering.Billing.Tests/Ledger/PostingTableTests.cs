using Metering.Billing.Invoicing;
using Metering.Billing.Ledger;
using Xunit;

namespace Metering.Billing.Tests.Ledger;

public class PostingTableTests
{
    [Fact]
    public void Every_row_posts_what_the_specification_shows() =>
        Assert.Equal(Pages.BlockAfter("ledger.md", "## Every row, by example"), Postings.Examples().SelectMany(one => Postings.Show(one.Row, one.Transactions)));

    [Fact]
    public void Every_posting_sums_to_zero() =>
        Assert.All(Postings.Examples().SelectMany(one => one.Transactions), one => Assert.Equal(0, one.Entries.Sum(entry => entry.Signed)));

    [Fact]
    public void Keys_are_not_shared() =>
        Assert.Distinct(Postings.Examples().SelectMany(one => one.Transactions).Select(one => one.Key));

    /// <summary>An invoice that is wholly settled and recognised, and then credited in full, leaves what was paid for it as customer credit.</summary>
    [Fact]
    public void A_credited_invoice_leaves_only_what_was_paid()
    {
        LineFact seats = new("seats", Postings.Usd(10000), Postings.Usd(2000), LineRecognition.Advance);
        GeneralLedger ledger = GeneralLedger.Empty.PostAll(
            [
                .. InvoicePostings.Finalized(new FinalizedInvoice("i", "c", [seats], [new GrantUse("p", Postings.Usd(1000))], [], Postings.Usd(0)), Postings.Today),
                .. MoneyPostings.Paid("p", "c", Postings.Usd(11000), Postings.Usd(0), toBank: true, Postings.Today),
                .. Recognition.Post("i/seats", "c", new MonthEarned(new DateOnly(2026, 1, 1), Postings.Usd(4000)), Postings.Today),
                .. CreditNotePostings.Issued(new IssuedCreditNote("n", "c", [seats with { StillDeferred = Postings.Usd(6000) }], [new GrantUse("p", Postings.Usd(1000))], Postings.Usd(0), [], Refunds: false), Postings.Today),
            ],
            atomic: true).Ledger;
        Assert.Equal(4, ledger.Transactions.Count);
        Assert.Equal(
            ["Bank 110.00", "CustomerCredit:c 110.00"],
            ledger.Transactions.SelectMany(one => one.Entries).Select(entry => entry.Account).Distinct()
                .Select(account => (account, Balance: ledger.BalanceOf(account, Currency.Of("USD")))).Where(one => !one.Balance.IsZero).Select(one => $"{one.account} {one.Balance}").Order());
    }

    [Fact]
    public void A_credit_note_cannot_give_back_more_than_it_takes_back() =>
        Assert.Throws<ArgumentException>(() => CreditNotePostings.Issued(
            new IssuedCreditNote("n", "c", [new LineFact("seats", Postings.Usd(100), Postings.Usd(0), LineRecognition.Once)], [], Postings.Usd(101), [], Refunds: false), Postings.Today));

    [Fact]
    public void A_manual_posting_names_its_reason_and_its_approver()
    {
        Entry[] entries = [new Entry(Account.OfTenant(AccountKind.Fees), Direction.Debit, Postings.Usd(5)), new Entry(Account.OfTenant(AccountKind.Bank), Direction.Credit, Postings.Usd(4))];
        Assert.Throws<ArgumentException>(() => ManualPostings.Manual("x", entries, " ", "ada", Postings.Today, out _));
        Assert.Throws<ArgumentException>(() => ManualPostings.Manual("x", entries, "why", "", Postings.Today, out _));
        Assert.Equal(TransactionProblem.Unbalanced, ManualPostings.Manual("x", entries, "why", "ada", Postings.Today, out LedgerTransaction? none));
        Assert.Null(none);
    }
}
