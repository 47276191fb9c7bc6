using CsCheck;
using Metering.Billing.Invoicing;
using Metering.Billing.Ledger;
using Metering.Billing.Rating;
using Metering.Billing.Tests.Invoicing;
using Xunit;
using static Metering.Billing.Tests.Invoicing.Make;

namespace Metering.Billing.Tests.Ledger;

public class LineFactsTests
{
    [Fact]
    public void A_tax_that_is_in_a_price_is_no_revenue()
    {
        Invoice invoice = Compute(Inputs(Amount("a", "120")) with { Tax = Taxed(("", TwentyWithin)) });
        LineFact fact = LineFacts.Of("i", invoice.Lines, Nothing, [])[0];
        Assert.Equal(("i/1", Money("100"), Money("20")), (fact.Id, fact.Net, fact.Tax));
    }

    [Fact]
    public void Lines_that_correct_the_same_line_share_what_is_still_deferred_of_it()
    {
        Invoice invoice = Compute(Inputs(Advance("a", "-30", "old/1"), Advance("b", "-30", "old/1"), Advance("c", "-30", "other/1"), Advance("d", "10", null)));
        LineFact[] facts = LineFacts.Of("i", invoice.Lines, Nothing, new Dictionary<string, Money> { ["old/1"] = Money("40") });
        Assert.Equal(["-30.00", "-10.00", "0.00", "10.00"], Texts(facts.Select(fact => fact.Deferred)));
    }

    [Fact]
    public void What_was_accrued_belongs_to_the_first_line_of_its_charge()
    {
        Usage cells = Usage.OfCells([new CellUsage(new([new("m", "a")]), Usage.Of(1)), new CellUsage(new([new("m", "b")]), Usage.Of(2))]);
        Metering.Billing.Catalog.Component matrix = new() { Price = new Metering.Billing.Catalog.MatrixPrice(["m"], [], PerUnit("1")) };
        Invoice invoice = Compute(Inputs(Amount("fee", "5"), Metered("calls", matrix, cells)));
        LineFact[] facts = LineFacts.Of("i", invoice.Lines, new Dictionary<int, Money> { [1] = Money("0.5") }, []);
        Assert.Equal(["0.00", "0.50", "0.00"], Texts(facts.Select(fact => fact.Accrued)));
    }

    /// <summary>What is asked for, less what settles it, is what the ledger says the customer owes.</summary>
    [Fact]
    public void The_customer_owes_what_the_invoice_asks_for() =>
        Gen.Select(Gen.Long[-5000, 10_000].Array[1, 5], Gen.Long[0, 5000], Gen.Long[0, 5000], Gen.Long[0, 5000], Gen.Bool).Sample((amounts, promotional, paid, credit, inclusive) =>
        {
            Invoice invoice = Compute(Inputs([.. amounts.Select((cents, i) => Advance($"l{i}", new Money(cents, Usd).ToString(), i % 2 == 0 ? "old/1" : null))]) with
            {
                PromotionalGrants = [Grant("p", new Money(promotional, Usd).ToString())],
                Tax = Taxed(("", inclusive ? TwentyWithin : TenOnTop)),
            });
            Settlement settlement = Settlement.Of(invoice, [Grant("g", new Money(paid, Usd).ToString(), Billing.Credits.GrantKind.Paid)], new Money(credit, Usd));
            LineFact[] lines = LineFacts.Of("i", invoice.Lines, Nothing, new Dictionary<string, Money> { ["old/1"] = Money("20") });
            IEnumerable<Entry> entries = InvoicePostings.Finalized(LineFacts.Finalized("i", "c", invoice, settlement, lines), Postings.Today).SelectMany(one => one.Entries);
            long owed = entries.Where(entry => entry.Account.Kind == AccountKind.Receivable).Sum(entry => entry.Signed);
            long deferred = entries.Where(entry => entry.Account.Kind == AccountKind.Deferred).Sum(entry => entry.Signed);
            Assert.Equal(settlement.AmountDue.MinorUnits, owed);
            Assert.Equal(lines.Sum(line => line.Deferred.MinorUnits), -deferred);
        });

    /// <summary>A correction's note may have a line that costs more now: that is revenue, and never deferred again.</summary>
    [Fact]
    public void A_line_below_zero_of_a_credit_note_is_revenue()
    {
        IssuedCreditNote note = new("n", "c", [Fact("60", LineRecognition.Arrears), Fact("-10", LineRecognition.Arrears), Fact("-5", LineRecognition.Advance)], [], Money("45"), [], Refunds: false);
        Assert.Equal(
            ["credit-note:n:issued", "Receivable 45.00", "Revenue 45.00"],
            Totals(CreditNotePostings.Issued(note, Postings.Today).Single()));
    }

    private static IEnumerable<string> Totals(LedgerTransaction transaction) =>
    [
        transaction.Key,
        .. transaction.Entries.GroupBy(entry => entry.Account.Kind).OrderBy(one => one.Key)
            .Select(one => $"{one.Key} {new Money(Math.Abs(one.Sum(entry => entry.Signed)), Usd)}"),
    ];

    private static LineFact Fact(string net, LineRecognition recognition) => new("l", Money(net), Money("0"), recognition);

    private static AmountCharge Advance(string key, string amount, string? corrects) => Amount(key, amount) with { Recognition = LineRecognition.Advance, Corrects = corrects };

    private static Dictionary<int, Money> Nothing { get; } = [];
}
