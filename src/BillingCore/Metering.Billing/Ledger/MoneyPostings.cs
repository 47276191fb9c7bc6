namespace Metering.Billing.Ledger;

/// <summary>Rows 7, 8, 21 and 22 of the posting table: money that moves between us, our customers, a provider and a bank.</summary>
public static class MoneyPostings
{
    /// <summary>Rows 7 and 8.</summary>
    /// <param name="applied">What of it the customer owed.</param>
    /// <param name="excess">What is more than that, and is kept as customer credit.</param>
    /// <param name="toBank">Whether it came to the bank directly, and not through a provider.</param>
    public static IEnumerable<LedgerTransaction> Paid(string payment, string customer, Money applied, Money excess, bool toBank, Booking booking)
    {
        Account into = Account.OfTenant(toBank ? AccountKind.Bank : AccountKind.Clearing);
        return
        [
            .. new EntryList()
                .Debit(into, applied).Credit(Account.OfCustomer(AccountKind.Receivable, customer), applied)
                .Transaction($"payment:{payment}", booking),
            .. new EntryList()
                .Debit(into, excess).Credit(Account.OfCustomer(AccountKind.CustomerCredit, customer), excess)
                .Transaction($"payment:{payment}:excess", booking),
        ];
    }

    /// <summary>Row 21.</summary>
    /// <param name="transaction">The provider's balance transaction.</param>
    public static IEnumerable<LedgerTransaction> FeeTaken(string transaction, Money amount, Booking booking) =>
        Moved(AccountKind.Fees, AccountKind.Clearing, amount, $"fee:{transaction}", booking);

    /// <summary>Row 21.</summary>
    public static IEnumerable<LedgerTransaction> PaidOut(string payout, Money amount, Booking booking) =>
        Moved(AccountKind.Bank, AccountKind.Clearing, amount, $"payout:{payout}", booking);

    /// <summary>Row 22.</summary>
    public static IEnumerable<LedgerTransaction> DisputeWithdrawn(string dispute, Money amount, Booking booking) =>
        Moved(AccountKind.DisputeReceivable, AccountKind.Clearing, amount, $"dispute:{dispute}:withdrawn", booking);

    /// <summary>Row 22.</summary>
    public static LedgerTransaction DisputeReinstated(string dispute, LedgerTransaction withdrawn, Booking booking, string reason) =>
        LedgerTransaction.Reversal($"dispute:{dispute}:reinstated", booking, [withdrawn], reason);

    /// <summary>Row 22.</summary>
    public static IEnumerable<LedgerTransaction> DisputeLost(string dispute, Money amount, Booking booking) =>
        Moved(AccountKind.ChargebackLoss, AccountKind.DisputeReceivable, amount, $"dispute:{dispute}:lost", booking);

    private static IEnumerable<LedgerTransaction> Moved(AccountKind debit, AccountKind credit, Money amount, string key, Booking booking) =>
        new EntryList().Debit(Account.OfTenant(debit), amount).Credit(Account.OfTenant(credit), amount).Transaction(key, booking);
}
