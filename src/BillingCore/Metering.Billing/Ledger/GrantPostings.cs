namespace Metering.Billing.Ledger;

/// <summary>
/// Rows 19 and 20 of the posting table. Row 18 is none: that a purchase is paid, or a promotional grant made, is state only. The purchase was posted with
/// its invoice, and a promotional grant posts when it is used.
/// </summary>
public static class GrantPostings
{
    /// <summary>Row 19: once all periods that touch the expiry are final.</summary>
    public static IEnumerable<LedgerTransaction> Expired(string grant, string customer, Money left, Booking booking) => new EntryList()
        .Debit(Account.PrepaidOf(customer, grant), left).Credit(Account.OfTenant(AccountKind.Breakage), left)
        .Transaction($"grant:{grant}:expired", booking);

    /// <summary>Row 20.</summary>
    /// <param name="number">1, 2, 3 … of the grant.</param>
    public static IEnumerable<LedgerTransaction> Refunded(string grant, int number, string customer, Money amount, Booking booking) => new EntryList()
        .Debit(Account.PrepaidOf(customer, grant), amount).Credit(Account.OfTenant(AccountKind.RefundsPayable), amount)
        .Transaction(FormattableString.Invariant($"grant:{grant}:refunded:{number}"), booking);
}
