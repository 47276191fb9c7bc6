using Metering.Billing.Invoicing;

namespace Metering.Billing.Ledger;

/// <summary>Rows 1 to 6, 10, 15 to 17 and 23 of the posting table: invoices, and usage that is billed later.</summary>
public static class InvoicePostings
{
    /// <summary>Rows 1 to 6, and 23 for an invoice of the provider. Nothing is posted for amounts of zero.</summary>
    public static IEnumerable<LedgerTransaction> Finalized(FinalizedInvoice invoice, Booking booking)
    {
        Account receivable = Account.OfCustomer(AccountKind.Receivable, invoice.Customer);
        Money total = invoice.Lines.Aggregate(Money.Zero(invoice.CreditUsed.Currency), (sum, line) => sum + line.Net + line.Tax);
        EntryList entries = new EntryList().Debit(receivable, total);
        foreach (LineFact line in invoice.Lines)
        {
            CreditLine(entries, invoice.Customer, line);
        }

        foreach (GrantUse use in invoice.Promotional)
        {
            entries.Debit(Account.OfTenant(AccountKind.PromotionalCredits), use.Amount).Credit(receivable, use.Amount);
            total -= use.Amount;
        }

        return
        [
            .. entries.Transaction($"invoice:{invoice.Id}:finalized", booking),
            .. invoice.PaidGrants.SelectMany(use => new EntryList()
                .Debit(Account.PrepaidOf(invoice.Customer, use.Grant), use.Amount).Credit(receivable, use.Amount)
                .Transaction($"invoice:{invoice.Id}:grant:{use.Grant}", booking)),
            .. ByCredit(invoice, receivable, invoice.CreditUsed, "credit", booking),
            .. total.Sign < 0 ? ByCredit(invoice, receivable, total, "carried", booking) : [],
        ];
    }

    /// <summary>Row 10: late usage of a billed period, when it is more. Less becomes credit notes, and posts with them.</summary>
    /// <param name="lines">The differences, line by line.</param>
    public static IEnumerable<LedgerTransaction> LateUsage(
        string subscription, string period, string run, string customer, IReadOnlyList<Money> lines, Booking booking)
    {
        EntryList entries = new();
        Money net = Money.Zero(lines[0].Currency);
        foreach (Money line in lines)
        {
            entries.Debit(Account.OfCustomer(AccountKind.Unbilled, customer), line).Credit(Account.OfTenant(AccountKind.Revenue), line);
            net += line;
        }

        return net.Sign > 0 ? entries.Transaction($"adjustment:{subscription}:{period}:{run}", booking) : [];
    }

    /// <summary>Row 15.</summary>
    /// <param name="posted">Everything <see cref="Finalized"/> posted for it, and what was recognised of its lines.</param>
    public static LedgerTransaction Voided(string invoice, IReadOnlyList<LedgerTransaction> posted, Booking booking, string reason) =>
        LedgerTransaction.Reversal($"invoice:{invoice}:voided", booking, posted, reason);

    /// <summary>Beside row 15: what returned to a paid grant that has expired is the customer's credit.</summary>
    public static IEnumerable<LedgerTransaction> VoidedToCredit(string invoice, string customer, GrantUse returned, Booking booking) => new EntryList()
        .Debit(Account.PrepaidOf(customer, returned.Grant), returned.Amount).Credit(Account.OfCustomer(AccountKind.CustomerCredit, customer), returned.Amount)
        .Transaction($"invoice:{invoice}:voided:grant:{returned.Grant}", booking);

    /// <summary>Row 16.</summary>
    public static IEnumerable<LedgerTransaction> WrittenOff(string invoice, string customer, Money remaining, Booking booking) => new EntryList()
        .Debit(Account.OfTenant(AccountKind.BadDebt), remaining).Credit(Account.OfCustomer(AccountKind.Receivable, customer), remaining)
        .Transaction($"invoice:{invoice}:written-off", booking);

    /// <summary>Row 17: before the payment itself.</summary>
    public static IEnumerable<LedgerTransaction> Recovered(string invoice, string payment, string customer, Money amount, Booking booking) => new EntryList()
        .Debit(Account.OfCustomer(AccountKind.Receivable, customer), amount).Credit(Account.OfTenant(AccountKind.BadDebt), amount)
        .Transaction($"invoice:{invoice}:recovered:{payment}", booking);

    private static IEnumerable<LedgerTransaction> ByCredit(FinalizedInvoice invoice, Account receivable, Money amount, string name, Booking booking) => new EntryList()
        .Debit(Account.OfCustomer(AccountKind.CustomerCredit, invoice.Customer), amount).Credit(receivable, amount)
        .Transaction($"invoice:{invoice.Id}:{name}", booking);

    private static void CreditLine(EntryList entries, string customer, LineFact line)
    {
        Money net = line.Net - line.Accrued;
        Account revenue = Account.OfTenant(AccountKind.Revenue);
        entries.Credit(Account.OfCustomer(AccountKind.Unbilled, customer), line.Accrued).Credit(Account.OfTenant(AccountKind.TaxPayable), line.Tax);
        switch (line.Recognition)
        {
            case LineRecognition.GrantPurchase:
                entries.Credit(Account.PrepaidOf(customer, line.Grant), net);
                break;
            case LineRecognition.Advance:
                entries.Credit(Account.OfCustomer(AccountKind.Deferred, customer), line.Deferred).Credit(revenue, net - line.Deferred);
                break;
            case LineRecognition.Arrears or LineRecognition.Once:
                entries.Credit(revenue, net);
                break;
        }
    }
}
