using Metering.Billing.Invoicing;
using Metering.Billing.Ledger;
using Metering.Billing.Tests.Runs.Model;
using Xunit;

namespace Metering.Billing.Tests.Runs.Life;

/// <summary>Both as text, so that a difference can be read.</summary>
internal sealed partial class Life
{
    private static readonly AccountKind[] s_ofCustomer = [AccountKind.Receivable, AccountKind.CustomerCredit, AccountKind.Unbilled, AccountKind.Deferred];

    private void Compare()
    {
        foreach ((string expected, string actual) in _books.Invoices.Select(Text).Zip(_seller.Invoices.Select(Text)))
        {
            Same(expected, actual);
        }

        Assert.Equal(_books.Invoices.Count, _seller.Invoices.Count);
        Same(
            $"receivable {_books.Invoices.Sum(one => one.IsWrittenOff ? 0 : one.Remaining)}, bad debt {_books.Invoices.Sum(one => one.IsWrittenOff ? one.Remaining : 0)}, credit {_books.Credit}, unbilled {_books.Unbilled}, "
            + $"deferred {_books.Deferred}, revenue {_books.Revenue}, tax {_books.Tax}, promotional {_books.Promotional}, breakage {_books.Breakage}, {string.Join(", ", _books.Grants.Select(one => $"{one.Id} {one.Left}"))}",
            $"receivable {Balance(AccountKind.Receivable)}, bad debt {Balance(AccountKind.BadDebt)}, credit {Balance(AccountKind.CustomerCredit)}, unbilled {Balance(AccountKind.Unbilled)}, deferred {Balance(AccountKind.Deferred)}, "
            + $"revenue {Balance(AccountKind.Revenue)}, tax {Balance(AccountKind.TaxPayable)}, promotional {Balance(AccountKind.PromotionalCredits)}, breakage {Balance(AccountKind.Breakage)}, "
            + $"{string.Join(", ", _seller.Grants.Select(one => $"{one.Id} {one.Remaining.MinorUnits}"))}");
        Assert.Equal(_books.Prepaid, _seller.Grants.Where(one => one.IsPaid).Sum(one => _seller.Balance(Account.PrepaidOf("c", one.Id))));
    }

    /// <summary>Whole lines: what differs may be anywhere.</summary>
    private static void Same(string expected, string actual) => Assert.True(expected == actual, $"\nexpected {expected}\nactual   {actual}");

    private long Balance(AccountKind kind) => _seller.Balance(s_ofCustomer.Contains(kind) ? Account.OfCustomer(kind, "c") : Account.OfTenant(kind));

    private static string Text(LifeInvoice invoice) => Text(
        invoice.DueAt, invoice.Lines.Select(line => (line.Component, line.First, line.From, line.To, line.Amount, line.Discount)), invoice.Lines.Sum(line => line.Tax), invoice.Total, invoice.Remaining, invoice.Notes, invoice.IsVoid);

    private static string Text(MemoryInvoice invoice) => Text(
        invoice.DueAt, invoice.Lines.Select(line => (line.Component, line.Period.Start, line.Service.Start, line.Service.End, line.Amount.MinorUnits, line.Discount.MinorUnits)), invoice.Invoice.Tax.MinorUnits,
        invoice.Invoice.Total.MinorUnits, invoice.Remaining.MinorUnits, invoice.Notes.MinorUnits, invoice.State == InvoiceState.Void);

    private static string Text(
        DateTimeOffset due, IEnumerable<(string Component, DateTimeOffset First, DateTimeOffset From, DateTimeOffset To, long Amount, long Discount)> lines, long tax, long total, long remaining, long notes, bool isVoid) =>
        $"{due:yyyy-MM-dd HH:mm}: {string.Join(", ", lines.Where(line => line.Amount != 0).Select(line => $"{line.Component} {line.First:yyyy-MM-dd} ({line.From:MM-dd HH:mm}..{line.To:MM-dd HH:mm}) {line.Amount}{(line.Discount == 0 ? "" : $"-{line.Discount}")}"))}"
        + $"; tax {tax}, total {total}, open {remaining}, given back {notes}{(isVoid ? ", void" : "")}";
}
