using System.Collections.Immutable;

namespace Metering.Billing.Ledger;

/// <summary>
/// The ledger of one tenant as a value: posting gives another one, and this one stays, so a dry run is a posting whose ledger nobody keeps. It sums to zero
/// per currency after every transaction, because every transaction does.
/// </summary>
public sealed record GeneralLedger
{
    private ImmutableDictionary<string, LedgerTransaction> _byKey = ImmutableDictionary<string, LedgerTransaction>.Empty;
    private ImmutableHashSet<string> _reversed = [];
    private ImmutableDictionary<(Account Account, Currency Currency), long> _balances = ImmutableDictionary<(Account, Currency), long>.Empty;

    private GeneralLedger()
    {
    }

    public static GeneralLedger Empty { get; } = new();

    /// <summary>
    /// The part of a ledger that decides about some transactions: those posted with their keys and the keys of what they reverse, which of these are reversed, and
    /// the balances of their accounts that refuse an overdraft. Whatever it decides about them, the whole ledger would too.
    /// </summary>
    /// <param name="balances">Debits above zero, in minor units.</param>
    /// <param name="openFrom">See <see cref="OpenFrom"/>.</param>
    public static GeneralLedger PartOf(
        IEnumerable<LedgerTransaction> posted, IEnumerable<string> reversed, IEnumerable<KeyValuePair<(Account Account, Currency Currency), long>> balances, DateOnly? openFrom) => new()
    {
        _byKey = posted.ToImmutableDictionary(transaction => transaction.Key),
        _reversed = [.. reversed],
        _balances = balances.ToImmutableDictionary(),
        OpenFrom = openFrom,
    };

    /// <summary>In the order of posting.</summary>
    public ImmutableList<LedgerTransaction> Transactions { get; private init; } = [];

    /// <summary>The first day of the first month that takes entries; null while none was closed.</summary>
    public DateOnly? OpenFrom { get; private init; }

    /// <summary>What is on the normal side of an account more than on the other.</summary>
    public Money BalanceOf(Account account, Currency currency) => account.Balance(_balances.GetValueOrDefault((account, currency)), currency);

    /// <summary>The same from the transactions booked up to an instant, that instant included.</summary>
    public Money BalanceAsOf(Account account, Currency currency, DateTimeOffset instant) => account.Balance(Transactions
        .Where(transaction => transaction.Booking.BookedAt <= instant)
        .SelectMany(transaction => transaction.Entries)
        .Where(entry => entry.Account == account && entry.Amount.Currency == currency)
        .Aggregate(0L, (sum, entry) => checked(sum + entry.Signed)), currency);

    /// <summary>Closes the month of the day and all before it. A closed month is never opened again.</summary>
    public GeneralLedger Close(DateOnly day)
    {
        DateOnly next = new DateOnly(day.Year, day.Month, 1).AddMonths(1);
        return this with { OpenFrom = OpenFrom > next ? OpenFrom : next };
    }

    /// <summary>The day itself when its month is open, otherwise the first day of the first open month: where a correction is booked.</summary>
    public DateOnly FirstOpen(DateOnly day) => OpenFrom is { } open && day < open ? open : day;

    public (PostResult Result, GeneralLedger Ledger) Post(LedgerTransaction transaction)
    {
        PostResult result = Check(transaction, out ImmutableDictionary<(Account, Currency), long> balances);
        return result != PostResult.Posted ? (result, this) : (result, this with
        {
            _byKey = _byKey.Add(transaction.Key, transaction),
            _reversed = _reversed.Union(transaction.Reverses),
            _balances = balances,
            Transactions = Transactions.Add(transaction),
        });
    }

    /// <summary>Each in order; what was posted before counts as done.</summary>
    /// <param name="atomic">Whether one that is refused keeps all others out.</param>
    public (IReadOnlyList<PostResult> Results, GeneralLedger Ledger) PostAll(IEnumerable<LedgerTransaction> transactions, bool atomic)
    {
        List<PostResult> results = [];
        GeneralLedger ledger = this;
        foreach (LedgerTransaction transaction in transactions)
        {
            (PostResult result, ledger) = ledger.Post(transaction);
            results.Add(result);
        }

        bool refused = results.Any(result => result is not (PostResult.Posted or PostResult.AlreadyPosted));
        return atomic && refused
            ? (results.ConvertAll(result => result == PostResult.Posted ? PostResult.BatchRefused : result), this)
            : (results, ledger);
    }

    private PostResult Check(LedgerTransaction transaction, out ImmutableDictionary<(Account, Currency), long> balances)
    {
        balances = _balances;
        if (_byKey.GetValueOrDefault(transaction.Key) is { } posted)
        {
            return posted.HasContentOf(transaction) ? PostResult.AlreadyPosted
                : posted.Reverses.SequenceEqual(transaction.Reverses) ? PostResult.ConflictingEntries : PostResult.ConflictingReversal;
        }

        if (!transaction.Reverses.All(_byKey.ContainsKey))
        {
            return PostResult.UnknownTransaction;
        }

        if (transaction.Reverses.Any(_reversed.Contains))
        {
            return PostResult.AlreadyReversed;
        }

        return transaction.Booking.EffectiveOn < OpenFrom ? PostResult.MonthClosed : Fold(transaction, ref balances) ? PostResult.Posted : PostResult.Overdrawn;
    }

    /// <summary>False when it would leave an account overdrawn that may not be.</summary>
    private static bool Fold(LedgerTransaction transaction, ref ImmutableDictionary<(Account, Currency), long> balances)
    {
        foreach (Entry entry in transaction.Entries)
        {
            (Account, Currency) at = (entry.Account, entry.Amount.Currency);
            balances = balances.SetItem(at, checked(balances.GetValueOrDefault(at) + entry.Signed));
        }

        foreach (Entry entry in transaction.Entries)
        {
            if (entry.Account.RefusesOverdraft && balances[(entry.Account, entry.Amount.Currency)] > 0)
            {
                return false;
            }
        }

        return true;
    }
}
