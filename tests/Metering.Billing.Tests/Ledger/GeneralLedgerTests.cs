using Metering.Billing.Invoicing;
using Metering.Billing.Ledger;
using Metering.Billing.Tests.Zones;
using Xunit;

namespace Metering.Billing.Tests.Ledger;

public class GeneralLedgerTests
{
    private static readonly Account s_bank = Account.OfTenant(AccountKind.Bank);
    private static readonly Account s_fees = Account.OfTenant(AccountKind.Fees);
    private static readonly Account s_credit = Account.OfCustomer(AccountKind.CustomerCredit, "c");
    private static readonly Currency s_usd = Currency.Of("USD");

    [Fact]
    public void What_does_not_balance_is_no_transaction()
    {
        Money usd = Postings.Usd(5);
        Money eur = new(5, Currency.Of("EUR"));
        Assert.Equal(TransactionProblem.Empty, ProblemOf());
        Assert.Equal(TransactionProblem.Unbalanced, ProblemOf(new Entry(s_bank, Direction.Debit, usd)));
        Assert.Equal(TransactionProblem.Unbalanced, ProblemOf(new Entry(s_bank, Direction.Debit, usd), new Entry(s_fees, Direction.Credit, eur)));
        Assert.Equal(TransactionProblem.AmountNotPositive, ProblemOf(new Entry(s_bank, Direction.Debit, -usd), new Entry(s_fees, Direction.Credit, -usd)));
        Assert.Equal(TransactionProblem.AmountNotPositive, ProblemOf(new Entry(s_bank, Direction.Debit, Postings.Usd(0))));
        Assert.Equal(TransactionProblem.None, ProblemOf(new Entry(s_bank, Direction.Debit, usd), new Entry(s_fees, Direction.Credit, usd), new Entry(s_bank, Direction.Credit, eur), new Entry(s_fees, Direction.Debit, eur)));
        Assert.Throws<ArgumentException>(() => LedgerTransaction.Create("k", Postings.Today, [new Entry(s_bank, Direction.Debit, usd)]));
        Assert.Throws<ArgumentException>(() => LedgerTransaction.Reversal("k", Postings.Today, [], "nothing"));
    }

    /// <summary>After one fee of 5 with the key <c>a</c>, effective in January.</summary>
    [Theory]
    [InlineData("a", 5, PostResult.AlreadyPosted)]
    [InlineData("a", 6, PostResult.ConflictingEntries)]
    [InlineData("b", 5, PostResult.Posted)]
    public void A_key_posts_once(string key, long cents, PostResult result)
    {
        GeneralLedger ledger = GeneralLedger.Empty.Post(Fee("a", 5)).Ledger;
        (PostResult actual, GeneralLedger after) = ledger.Post(Fee(key, cents, new Booking(new DateOnly(2026, 2, 1), Instants.Utc("2026-02-01T00:00Z"))));
        Assert.Equal(result, actual);
        Assert.Equal(result == PostResult.Posted ? 2 : 1, after.Transactions.Count);
    }

    [Fact]
    public void A_transaction_is_reversed_once()
    {
        LedgerTransaction fee = Fee("a", 5);
        LedgerTransaction reversal = LedgerTransaction.Reversal("a:back", Postings.Today, [fee], "wrong");
        Assert.Equal(PostResult.UnknownTransaction, GeneralLedger.Empty.Post(reversal).Result);
        GeneralLedger ledger = GeneralLedger.Empty.Post(fee).Ledger.Post(reversal).Ledger;
        Assert.Equal(Postings.Usd(0), ledger.BalanceOf(s_bank, s_usd));
        Assert.Equal(PostResult.AlreadyPosted, ledger.Post(reversal).Result);
        Assert.Equal(PostResult.AlreadyReversed, ledger.Post(LedgerTransaction.Reversal("a:again", Postings.Today, [fee], "wrong")).Result);
        Assert.Equal(PostResult.ConflictingReversal, ledger.Post(Fee("a:back", 5)).Result);
    }

    [Fact]
    public void A_closed_month_takes_nothing_and_a_correction_goes_to_the_first_open_one()
    {
        GeneralLedger ledger = GeneralLedger.Empty.Post(Fee("a", 5)).Ledger.Close(new DateOnly(2026, 2, 10));
        Assert.Equal(PostResult.MonthClosed, ledger.Post(Fee("b", 5)).Result);
        Assert.Equal(PostResult.AlreadyPosted, ledger.Post(Fee("a", 5)).Result);
        Assert.Equal(new DateOnly(2026, 3, 1), ledger.FirstOpen(new DateOnly(2026, 1, 31)));
        Assert.Equal(new DateOnly(2026, 3, 9), ledger.FirstOpen(new DateOnly(2026, 3, 9)));
        Assert.Equal(PostResult.Posted, ledger.Post(Fee("b", 5, Postings.Today with { EffectiveOn = ledger.FirstOpen(new DateOnly(2026, 1, 31)) })).Result);
        Assert.Equal(new DateOnly(2026, 3, 1), ledger.Close(new DateOnly(2026, 1, 1)).OpenFrom);
        Assert.Equal(new DateOnly(2026, 1, 31), GeneralLedger.Empty.FirstOpen(new DateOnly(2026, 1, 31)));
    }

    [Fact]
    public void Nobody_spends_what_he_does_not_have()
    {
        GeneralLedger ledger = GeneralLedger.Empty.PostAll(MoneyPostings.Paid("p", "c", Postings.Usd(0), Postings.Usd(10), toBank: true, Postings.Today), atomic: true).Ledger;
        Assert.Equal(Postings.Usd(10), ledger.BalanceOf(s_credit, s_usd));
        Assert.Equal(PostResult.Overdrawn, ledger.Post(Spend("s", 11)).Result);
        Assert.Equal(PostResult.Posted, ledger.Post(Spend("s", 10)).Result);
        Assert.Equal(PostResult.Overdrawn, GeneralLedger.Empty.PostAll(GrantPostings.Expired("g", "c", Postings.Usd(1), Postings.Today), atomic: false).Results.Single());
        Assert.Equal(PostResult.Overdrawn, GeneralLedger.Empty.PostAll(CreditNotePostings.RefundSent("r", Postings.Usd(1), Postings.Today), atomic: false).Results.Single());
    }

    /// <summary>A credit note gave 120 to customer credit; once it is spent, the note cannot be voided.</summary>
    [Fact]
    public void A_credit_note_that_is_spent_cannot_be_voided()
    {
        LineFact line = new("l", Postings.Usd(10000), Postings.Usd(2000), LineRecognition.Once);
        LedgerTransaction note = CreditNotePostings.Issued(new IssuedCreditNote("n", "c", [line], [], Postings.Usd(0), [], Refunds: false), Postings.Today).Single();
        LedgerTransaction voided = CreditNotePostings.Voided("n", note, Postings.Today, "wrong");
        GeneralLedger ledger = GeneralLedger.Empty.Post(note).Ledger;
        Assert.Equal(PostResult.Posted, ledger.Post(voided).Result);
        Assert.Equal(PostResult.Overdrawn, ledger.Post(Spend("s", 1)).Ledger.Post(voided).Result);
    }

    [Fact]
    public void A_batch_is_all_or_nothing_or_each_for_itself()
    {
        LedgerTransaction[] batch = [Fee("a", 5), Spend("b", 1), Fee("c", 5)];
        GeneralLedger ledger = GeneralLedger.Empty.Post(batch[0]).Ledger;
        (IReadOnlyList<PostResult> results, GeneralLedger after) = ledger.PostAll(batch, atomic: true);
        Assert.Equal([PostResult.AlreadyPosted, PostResult.Overdrawn, PostResult.BatchRefused], results);
        Assert.Same(ledger, after);
        (results, after) = ledger.PostAll(batch, atomic: false);
        Assert.Equal([PostResult.AlreadyPosted, PostResult.Overdrawn, PostResult.Posted], results);
        Assert.Equal(2, after.Transactions.Count);
        Assert.Equal([PostResult.AlreadyPosted, PostResult.AlreadyPosted], after.PostAll([batch[0], batch[2]], atomic: true).Results);
    }

    [Fact]
    public void A_dry_run_is_a_posting_whose_ledger_nobody_keeps()
    {
        GeneralLedger ledger = GeneralLedger.Empty;
        Assert.Equal(PostResult.Posted, ledger.Post(Fee("a", 5)).Result);
        Assert.Empty(ledger.Transactions);
        Assert.Equal(Postings.Usd(0), ledger.BalanceOf(s_bank, s_usd));
    }

    [Fact]
    public void A_balance_can_be_asked_for_as_of_an_instant()
    {
        GeneralLedger ledger = GeneralLedger.Empty
            .Post(Fee("a", 5, Postings.Today with { BookedAt = Instants.Utc("2026-01-10T00:00Z") })).Ledger
            .Post(Fee("b", 7, Postings.Today with { BookedAt = Instants.Utc("2026-01-20T00:00Z") })).Ledger;
        Assert.Equal(Postings.Usd(0), ledger.BalanceAsOf(s_fees, s_usd, Instants.Utc("2026-01-09T23:59Z")));
        Assert.Equal(Postings.Usd(5), ledger.BalanceAsOf(s_fees, s_usd, Instants.Utc("2026-01-10T00:00Z")));
        Assert.Equal(Postings.Usd(12), ledger.BalanceAsOf(s_fees, s_usd, Instants.Utc("2026-01-20T00:00Z")));
        Assert.Equal(ledger.BalanceOf(s_bank, s_usd), ledger.BalanceAsOf(s_bank, s_usd, Instants.Utc("2026-01-20T00:00Z")));
    }

    [Fact]
    public void An_account_belongs_to_whom_its_kind_says()
    {
        Assert.Throws<ArgumentException>(() => Account.OfTenant(AccountKind.Receivable));
        Assert.Throws<ArgumentException>(() => Account.OfTenant(AccountKind.Prepaid));
        Assert.Throws<ArgumentException>(() => Account.OfCustomer(AccountKind.Revenue, "c"));
    }

    private static LedgerTransaction Fee(string key, long cents) => Fee(key, cents, Postings.Today);

    private static LedgerTransaction Fee(string key, long cents, Booking booking) =>
        LedgerTransaction.Create(key, booking, [new Entry(s_fees, Direction.Debit, Postings.Usd(cents)), new Entry(s_bank, Direction.Credit, Postings.Usd(cents))]);

    private static LedgerTransaction Spend(string key, long cents) => LedgerTransaction.Create(
        key,
        Postings.Today,
        [new Entry(s_credit, Direction.Debit, Postings.Usd(cents)), new Entry(Account.OfCustomer(AccountKind.Receivable, "c"), Direction.Credit, Postings.Usd(cents))]);

    private static TransactionProblem ProblemOf(params Entry[] entries) => LedgerTransaction.TryCreate("k", Postings.Today, entries, "", out _);
}
