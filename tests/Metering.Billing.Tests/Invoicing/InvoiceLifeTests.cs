using Metering.Billing.Invoicing;
using Xunit;
using static Metering.Billing.Tests.Invoicing.Make;

namespace Metering.Billing.Tests.Invoicing;

public class InvoiceLifeTests
{
    [Theory]
    [InlineData(InvoiceState.Draft, InvoiceRefusal.NotFinal, InvoiceRefusal.NotFinal, InvoiceRefusal.NotFinal, InvoiceRefusal.NotFinal)]
    [InlineData(InvoiceState.Open, InvoiceRefusal.None, InvoiceRefusal.None, InvoiceRefusal.None, InvoiceRefusal.None)]
    [InlineData(InvoiceState.Paid, InvoiceRefusal.None, InvoiceRefusal.None, InvoiceRefusal.IsPaid, InvoiceRefusal.None)]
    [InlineData(InvoiceState.Void, InvoiceRefusal.IsVoid, InvoiceRefusal.IsVoid, InvoiceRefusal.IsVoid, InvoiceRefusal.IsVoid)]
    [InlineData(InvoiceState.Uncollectible, InvoiceRefusal.None, InvoiceRefusal.None, InvoiceRefusal.WrittenOff, InvoiceRefusal.WrittenOff)]
    public void What_can_be_done_to_an_invoice_depends_on_its_state(InvoiceState state, InvoiceRefusal pay, InvoiceRefusal credit, InvoiceRefusal writeOff, InvoiceRefusal @void)
    {
        Assert.Equal(pay, InvoiceLife.Pay(state));
        Assert.Equal(credit, InvoiceLife.Credit(state));
        Assert.Equal(writeOff, InvoiceLife.WriteOff(state));
        Assert.Equal(@void, InvoiceLife.Void(state, hasPayments: false, hasCreditNotes: false));
    }

    [Fact]
    public void An_invoice_is_void_only_before_any_payment_or_credit_note()
    {
        Assert.Equal(InvoiceRefusal.HasPayments, InvoiceLife.Void(InvoiceState.Open, hasPayments: true, hasCreditNotes: true));
        Assert.Equal(InvoiceRefusal.HasCreditNotes, InvoiceLife.Void(InvoiceState.Open, hasPayments: false, hasCreditNotes: true));
        Assert.Equal(InvoiceRefusal.HasPayments, InvoiceLife.Void(InvoiceState.Paid, hasPayments: true, hasCreditNotes: false));
    }

    [Fact]
    public void It_is_paid_when_nothing_remains_and_what_was_written_off_stays_so_until_then()
    {
        Assert.Equal(InvoiceState.Paid, InvoiceLife.With(InvoiceState.Open, Money("0")));
        Assert.Equal(InvoiceState.Open, InvoiceLife.With(InvoiceState.Paid, Money("1")));
        Assert.Equal(InvoiceState.Uncollectible, InvoiceLife.With(InvoiceState.Uncollectible, Money("1")));
        Assert.Equal(InvoiceState.Paid, InvoiceLife.With(InvoiceState.Uncollectible, Money("0")));
    }

    [Fact]
    public void What_is_paid_above_what_remains_is_excess()
    {
        Assert.Equal((Money("10"), Money("0")), InvoiceLife.Split(Money("10"), Money("10")));
        Assert.Equal((Money("7"), Money("3")), InvoiceLife.Split(Money("10"), Money("7")));
        Assert.Equal((Money("0"), Money("10")), InvoiceLife.Split(Money("10"), Money("0")));
    }

    [Theory]
    [InlineData("inv_a/1", "inv_a", 1)]
    [InlineData("a/b/12", "a/b", 12)]
    public void A_line_is_named_by_its_invoice_and_number(string text, string invoice, int number)
    {
        Assert.True(LineId.TryParse(text, out string of, out int at));
        Assert.Equal((invoice, number), (of, at));
        Assert.Equal(text, LineId.Of(invoice, number));
    }

    [Theory]
    [InlineData("")]
    [InlineData("inv_a")]
    [InlineData("/1")]
    [InlineData("inv_a/")]
    [InlineData("inv_a/0")]
    [InlineData("inv_a/-1")]
    [InlineData("inv_a/x")]
    public void Other_texts_name_no_line(string text) => Assert.False(LineId.TryParse(text, out _, out _));
}
