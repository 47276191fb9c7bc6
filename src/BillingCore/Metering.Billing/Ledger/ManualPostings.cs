namespace Metering.Billing.Ledger;

/// <summary>Rows 24 and 25 of the posting table: what comes from elsewhere, and what people decide.</summary>
public static class ManualPostings
{
    /// <summary>Row 24.</summary>
    /// <param name="balance">On the normal side of the account; below zero for the other one.</param>
    public static IEnumerable<LedgerTransaction> Opened(string import, Account account, Money balance, Booking booking)
    {
        Money debit = account.NormalSide == Direction.Debit ? balance : -balance;
        return new EntryList().Debit(account, debit).Credit(Account.OfTenant(AccountKind.OpeningBalance), debit).Transaction($"opening:{import}:{account}", booking);
    }

    /// <summary>Row 25: any entries that balance.</summary>
    /// <exception cref="ArgumentException">Without a reason or an approver.</exception>
    public static TransactionProblem Manual(
        string reference, IEnumerable<Entry> entries, string reason, string approver, Booking booking, out LedgerTransaction? transaction)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(reason);
        ArgumentException.ThrowIfNullOrWhiteSpace(approver);
        return LedgerTransaction.TryCreate($"manual:{reference}", booking, entries, $"{reason} (approved by {approver})", out transaction);
    }

    /// <summary>Row 25: takes back one that people made.</summary>
    /// <exception cref="ArgumentException">Without a reason or an approver.</exception>
    public static LedgerTransaction Reversed(string reference, LedgerTransaction posted, string reason, string approver, Booking booking)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(reason);
        ArgumentException.ThrowIfNullOrWhiteSpace(approver);
        return LedgerTransaction.Reversal($"manual:{reference}", booking, [posted], $"{reason} (approved by {approver})");
    }
}
