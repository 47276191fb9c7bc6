namespace Metering.Billing.Ledger;

/// <summary>Rows 11 to 14 of the posting table: what is taken back, and what is sent back.</summary>
public static class CreditNotePostings
{
    /// <summary>
    /// Rows 11 and 12. What returns to promotional grants and what is still open come first, then what paid grants had settled; the rest is customer credit or, on
    /// request, a refund. What is open of an invoice that was written off (row 16) is bad debt and no receivable any more, so that is what becomes less.
    /// </summary>
    /// <exception cref="ArgumentException">More returns than is taken back.</exception>
    public static IEnumerable<LedgerTransaction> Issued(IssuedCreditNote note, Booking booking)
    {
        EntryList entries = new();
        Money rest = Money.Zero(note.Open.Currency);
        foreach (LineFact line in note.Lines)
        {
            DebitLine(entries, note.Customer, line);
            rest += line.Net + line.Tax;
        }

        foreach (GrantUse use in note.Promotional)
        {
            entries.Credit(Account.OfTenant(AccountKind.PromotionalCredits), use.Amount);
            rest -= use.Amount;
        }

        entries.Credit(note.IsWrittenOff ? Account.OfTenant(AccountKind.BadDebt) : Account.OfCustomer(AccountKind.Receivable, note.Customer), note.Open);
        rest -= note.Open;
        foreach (GrantUse use in note.PaidGrants)
        {
            entries.Credit(Account.PrepaidOf(note.Customer, use.Grant), use.Amount);
            rest -= use.Amount;
        }

        if (rest.Sign < 0)
        {
            throw new ArgumentException($"Credit note {note.Id} gives back {-rest} more than it takes back.", nameof(note));
        }

        Account left = note.Refunds ? Account.OfTenant(AccountKind.RefundsPayable) : Account.OfCustomer(AccountKind.CustomerCredit, note.Customer);
        return entries.Credit(left, rest).Transaction($"credit-note:{note.Id}:issued", booking);
    }

    /// <summary>Row 13. The ledger refuses it when what was given back is spent.</summary>
    public static LedgerTransaction Voided(string note, LedgerTransaction issued, Booking booking, string reason) =>
        LedgerTransaction.Reversal($"credit-note:{note}:voided", booking, [issued], reason);

    /// <summary>Row 14.</summary>
    public static IEnumerable<LedgerTransaction> RefundSent(string refund, Money amount, Booking booking) => new EntryList()
        .Debit(Account.OfTenant(AccountKind.RefundsPayable), amount).Credit(Account.OfTenant(AccountKind.Clearing), amount)
        .Transaction($"refund:{refund}", booking);

    /// <summary>Row 14, when the money comes back.</summary>
    public static LedgerTransaction RefundFailed(string refund, LedgerTransaction sent, Booking booking, string reason) =>
        LedgerTransaction.Reversal($"refund:{refund}:failed", booking, [sent], reason);

    private static void DebitLine(EntryList entries, string customer, LineFact line) => entries
        .Debit(Account.OfCustomer(AccountKind.Deferred, customer), line.Undeferred)
        .Debit(Account.OfTenant(AccountKind.Revenue), line.Net - line.Undeferred)
        .Debit(Account.OfTenant(AccountKind.TaxPayable), line.Tax);
}
