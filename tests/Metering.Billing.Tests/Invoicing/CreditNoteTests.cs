using CsCheck;
using Metering.Billing.Invoicing;
using Metering.Billing.Tax;
using Xunit;
using static Metering.Billing.Tests.Invoicing.Make;

namespace Metering.Billing.Tests.Invoicing;

public class CreditNoteTests
{
    // 100 with 40 promotional and 10 % tax: 60 + 6. A quarter credited gives back 25 − 10 + 1.50.
    [Fact]
    public void The_promotional_share_and_the_tax_follow_in_proportion()
    {
        Invoice invoice = Compute(Inputs(Amount("a", "100")) with { PromotionalGrants = [Grant("g", "40")] });
        CreditNoteLine line = Credit(invoice, 0, Money("25"), Nothing);
        Assert.Equal(("25.00", "10.00", "1.50", "16.50"), (line.Amount.ToString(), line.Promotional.ToString(), line.Tax.ToString(), line.Total.ToString()));
    }

    [Fact]
    public void An_inclusive_tax_is_within_what_is_given_back()
    {
        Invoice invoice = Compute(Inputs(Amount("a", "120")) with { Tax = Taxed(("", TwentyWithin)) });
        CreditNoteLine line = Credit(invoice, 0, Money("60"), Nothing);
        Assert.Equal(("60.00", "10.00", "60.00"), (line.Amount.ToString(), line.Tax.ToString(), line.Total.ToString()));
    }

    [Fact]
    public void No_more_is_credited_than_was_billed()
    {
        Invoice invoice = Compute(Inputs(Amount("a", "100"), Amount("b", "-5")));
        CreditedLine before = new(Money("80"), Money("0"), Money("8"));
        Assert.Equal(("20.00", "2.00"), Credit(invoice, 0, Money("50"), before) is var line ? (line.Amount.ToString(), line.Tax.ToString()) : default);
        Assert.Equal("0.00", Credit(invoice, 1, Money("50"), Nothing).Total.ToString());
    }

    [Fact]
    public void A_line_credited_in_parts_gives_back_what_it_was() =>
        Gen.Select(Gen.Long[1, 100_000], Gen.Long[0, 50_000], Gen.Int[0, 30], Gen.Bool, Gen.Long[1, 60_000].Array[1, 6]).Sample((units, promotional, percent, inclusive, parts) =>
        {
            Invoice invoice = Compute(Inputs(Amount("a", Fraction.OfUnits(units, 2).ToString())) with
            {
                PromotionalGrants = [Grant("g", Fraction.OfUnits(promotional, 2).ToString())],
                Tax = Taxed(("", new TaxRate("t", percent, inclusive))),
            });
            CreditedLine before = Nothing;
            Money total = Money("0");
            foreach (long part in parts.Append(units))
            {
                CreditNoteLine line = Credit(invoice, 0, new Money(part, Usd), before);
                before = new CreditedLine(before.Amount + line.Amount, before.Promotional + line.Promotional, before.Tax + line.Tax);
                total += line.Total;
            }

            Assert.Equal((invoice.Lines[0].Amount, invoice.Promotional, invoice.Tax, invoice.Total), (before.Amount, before.Promotional, before.Tax, total));
        });

    [Fact]
    public void It_reduces_what_is_open_then_restores_paid_grants_last_used_first_then_the_customers_credit()
    {
        CreditNoteSettlement settled = CreditNote.Settle(Money("100"), Money("30"), [new("first", Money("50"), false), new("second", Money("10"), false)]);
        Assert.Equal("30.00", settled.ReducesOpen.ToString());
        Assert.Equal([("second", "10.00"), ("first", "50.00")], settled.RestoredGrants.Select(one => (one.Grant, one.Amount.ToString())));
        Assert.Equal("10.00", settled.ToCustomerCredit.ToString());
    }

    [Fact]
    public void What_an_expired_paid_grant_would_get_back_is_the_customers_credit()
    {
        CreditNoteSettlement settled = CreditNote.Settle(Money("25"), Money("0"), [new("first", Money("50"), false), new("expired", Money("10"), true)]);
        Assert.Equal([("first", "15.00")], settled.RestoredGrants.Select(one => (one.Grant, one.Amount.ToString())));
        Assert.Equal("10.00", settled.ToCustomerCredit.ToString());
    }

    [Fact]
    public void All_that_is_left_of_an_invoice_is_its_total_whatever_was_credited_before() =>
        Gen.Select(Gen.Long[-500, 100_000].Array[1, 6], Gen.Long[0, 3000], Gen.Int[0, 30], Gen.Bool, Gen.Int[1, 100]).Sample((amounts, promotional, percent, inclusive, part) =>
        {
            Invoice invoice = Compute(Inputs([.. amounts.Select((units, i) => Amount($"l{i}", Fraction.OfUnits(units, 2).ToString()))]) with
            {
                PromotionalGrants = [Grant("g", Fraction.OfUnits(promotional, 2).ToString())],
                Tax = Taxed(("", new TaxRate("t", percent, inclusive))),
            });
            Money total = Money("0");
            for (int i = 0; i < invoice.Lines.Count; i++)
            {
                CreditNoteLine first = Credit(invoice, i, Billing.Money.Round(invoice.Lines[i].Amount.Exact * part / 100, Usd), Nothing);
                CreditNoteLine rest = CreditNote.CreditRest(Creditable(invoice, i), new CreditedLine(first.Amount, first.Promotional, first.Tax), RoundingMode.HalfAwayFromZero);
                total += first.Total + rest.Total;
            }

            Assert.Equal(invoice.Total, total);
        });

    [Fact]
    public void What_promotional_grants_get_back_goes_to_the_last_used_first()
    {
        IReadOnlyList<(string, Money)> restored = CreditNote.Promotions(Money("15"), [("first", Money("50")), ("second", Money("10")), ("third", Money("0"))]);
        Assert.Equal([("second", Money("10")), ("first", Money("5"))], restored);
    }

    private static CreditNoteLine Credit(Invoice invoice, int line, Money amount, CreditedLine before) =>
        CreditNote.Credit(Creditable(invoice, line), amount, before, RoundingMode.HalfAwayFromZero);

    private static CreditableLine Creditable(Invoice invoice, int line) =>
        new(invoice.Lines[line].Amount - invoice.Lines[line].Discount, invoice.Lines[line].Promotional, invoice.Lines[line].Tax, invoice.Lines[line].TaxRate is { IsInclusive: true });

    private static CreditedLine Nothing => new(Money("0"), Money("0"), Money("0"));
}
