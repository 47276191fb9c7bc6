namespace Metering.Billing.Ledger;

/// <summary>Entries as rules state them: an amount of zero is none, and one below zero goes to the other side.</summary>
internal sealed class EntryList
{
    private readonly List<Entry> _entries = [];

    public EntryList Debit(Account account, Money amount) => Add(account, Direction.Debit, amount);

    public EntryList Credit(Account account, Money amount) => Add(account, Direction.Credit, amount);

    /// <summary>The transaction; none when nothing was entered.</summary>
    /// <exception cref="ArgumentException">The entries do not balance.</exception>
    public IEnumerable<LedgerTransaction> Transaction(string key, Booking booking, string reason = "") =>
        _entries.Count == 0 ? [] : [LedgerTransaction.Create(key, booking, _entries, reason)];

    private EntryList Add(Account account, Direction direction, Money amount)
    {
        if (!amount.IsZero)
        {
            Entry entry = new(account, direction, amount.Sign > 0 ? amount : -amount);
            _entries.Add(amount.Sign > 0 ? entry : entry.Reversed);
        }

        return this;
    }
}
