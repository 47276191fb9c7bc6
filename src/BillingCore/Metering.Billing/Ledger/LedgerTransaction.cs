namespace Metering.Billing.Ledger;

/// <summary>Why entries are no transaction.</summary>
public enum TransactionProblem
{
    None,

    /// <summary>There is no entry.</summary>
    Empty,

    /// <summary>An amount is zero or below.</summary>
    AmountNotPositive,

    /// <summary>In some currency, debits and credits differ.</summary>
    Unbalanced,
}

/// <summary>
/// Entries that belong together. A value of this type sums to zero in every currency: nothing else can be made. It never changes; what was wrong is
/// reversed by another one.
/// </summary>
public sealed class LedgerTransaction
{
    private LedgerTransaction(string key, Booking booking, IReadOnlyList<Entry> entries, string reason, IReadOnlyList<string> reverses)
    {
        Key = key;
        Booking = booking;
        Entries = entries;
        Reason = reason;
        Reverses = reverses;
    }

    /// <summary>The natural key, derived from the cause and unique within the tenant: the same cause posts once.</summary>
    public string Key { get; }

    public Booking Booking { get; }

    public IReadOnlyList<Entry> Entries { get; }

    /// <summary>Why it was made, in words; empty when the key says it all.</summary>
    public string Reason { get; }

    /// <summary>Keys of the transactions that it takes back.</summary>
    public IReadOnlyList<string> Reverses { get; }

    public static TransactionProblem TryCreate(string key, Booking booking, IEnumerable<Entry> entries, string reason, out LedgerTransaction? transaction)
    {
        Entry[] all = [.. entries];
        TransactionProblem problem = ProblemOf(all);
        transaction = problem == TransactionProblem.None ? new LedgerTransaction(key, booking, all, reason, []) : null;
        return problem;
    }

    /// <exception cref="ArgumentException">The entries are no transaction.</exception>
    public static LedgerTransaction Create(string key, Booking booking, IEnumerable<Entry> entries, string reason = "") =>
        TryCreate(key, booking, entries, reason, out LedgerTransaction? transaction) is var problem && transaction is not null
            ? transaction
            : throw new ArgumentException($"{key} is no transaction: {problem}.", nameof(entries));

    /// <summary>One that was posted, from where it is kept.</summary>
    /// <exception cref="ArgumentException">The entries are no transaction.</exception>
    public static LedgerTransaction Posted(string key, Booking booking, IReadOnlyList<Entry> entries, string reason, IReadOnlyList<string> reverses) =>
        ProblemOf([.. entries]) is var problem && problem == TransactionProblem.None
            ? new(key, booking, entries, reason, reverses)
            : throw new ArgumentException($"{key} is no transaction: {problem}.", nameof(entries));

    /// <summary>Takes back transactions, entry by entry.</summary>
    /// <param name="transactions">At least one.</param>
    public static LedgerTransaction Reversal(string key, Booking booking, IReadOnlyList<LedgerTransaction> transactions, string reason) => transactions.Count > 0
        ? new(key, booking, [.. transactions.SelectMany(one => one.Entries).Select(entry => entry.Reversed)], reason, [.. transactions.Select(one => one.Key)])
        : throw new ArgumentException($"{key} reverses nothing.", nameof(transactions));

    /// <summary>Whether the other says the same, whenever it was written down.</summary>
    public bool HasContentOf(LedgerTransaction other) => Entries.SequenceEqual(other.Entries) && Reverses.SequenceEqual(other.Reverses);

    private static TransactionProblem ProblemOf(Entry[] entries)
    {
        if (entries.Length == 0)
        {
            return TransactionProblem.Empty;
        }

        if (entries.Any(entry => entry.Amount.Sign <= 0))
        {
            return TransactionProblem.AmountNotPositive;
        }

        return entries.GroupBy(entry => entry.Amount.Currency).Any(currency => currency.Aggregate((Int128)0, (sum, entry) => sum + entry.Signed) != 0)
            ? TransactionProblem.Unbalanced
            : TransactionProblem.None;
    }
}
