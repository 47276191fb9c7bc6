using System.Collections.Concurrent;
using CsCheck;
using Metering.Billing;
using Metering.Billing.Ledger;
using Metering.Billing.Postgres.Ledger;
using Metering.BillingCore.Tests.Testing;
using Xunit;

namespace Metering.BillingCore.Tests.Ledger;

/// <summary>
/// The pure ledger is the model: random batches, with replays, conflicts, reversals, overdrafts, closed months and snapshots in between, come to the same results
/// and balances in PostgreSQL, after every batch.
/// </summary>
public sealed class LedgerModelTests(Engines engines)
{
    private const int Replay = 3;

    /// <summary>Targets below it are one of the first few that were posted, so that some are reversed again; the others never were.</summary>
    private const int Unknown = 12;

    private static readonly Currency[] s_currencies = [Currency.Of("USD"), Currency.Of("JPY")];
    private static readonly Account[] s_accounts =
    [
        Books.Bank, Books.Revenue, Account.OfTenant(AccountKind.RefundsPayable), Books.Receivable("c"), Books.Credit("c"), Account.PrepaidOf("c", "g"),
    ];

    /// <summary>A key out of a few, so that keys meet; entries with any amounts, a reversal of one or two that may never have been posted, or one of the past again.</summary>
    private static readonly Gen<Command> s_command = Gen.Select(
        Gen.Int[0, 15], Gen.Int[1, 4], Gen.OneOf(0, 0, 0, 0, 1, 2, Replay), Gen.Int[0, 15].Array[2],
        Gen.Select(Gen.Int[0, 5], Gen.Int[0, 5], Gen.Int[0, 1], Gen.Int[1, 50], (debit, credit, currency, amount) => new Move(debit, credit, currency, amount)).Array[1, 3],
        (key, month, reverses, targets, moves) => new Command(key, month, reverses, targets, moves));

    private static readonly Gen<Step> s_step = Gen.Select(
        Gen.Enum<PostMode>(), Gen.OneOf(0, 0, 0, 0, 1, 2), Gen.Int[1, 3], s_command.Array[1, 8], (mode, between, month, batch) => new Step(mode, between, month, batch));

    [Fact]
    public async Task The_stored_ledger_decides_as_the_pure_one_and_has_its_balances()
    {
        ConcurrentDictionary<PostResult, int> seen = new();
        await s_step.Array[1, 8].SampleAsync(async steps =>
        {
            Books books = new(engines.Postgres);
            GeneralLedger model = GeneralLedger.Empty;
            foreach (Step step in steps)
            {
                model = await BetweenAsync(books, model, step);
                LedgerTransaction[] batch = [.. step.Batch.Select(command => Make(model, command))];
                (IReadOnlyList<PostResult> expected, GeneralLedger after) = model.PostAll(batch, atomic: step.Mode == PostMode.Atomic);
                Assert.Equal(expected, await books.PostAsync(step.Mode, batch));
                Array.ForEach([.. expected], result => seen.AddOrUpdate(result, 1, (_, count) => count + 1));
                model = step.Mode == PostMode.DryRun ? model : after;
                Assert.Equal(Balances(model), await BalancesAsync(books));
                Assert.Equal(0, await books.DifferencesAsync());
            }

            await AssertStoredAsync(books, model);
        }, iter: 80);
        Assert.Equal(Enum.GetValues<PostResult>(), seen.Keys.Order());
    }

    private static async Task<GeneralLedger> BetweenAsync(Books books, GeneralLedger model, Step step)
    {
        DateOnly month = new(2026, step.Month, 1);
        switch (step.Between)
        {
            case 1:
                Assert.Equal(model.OpenFrom is null || model.OpenFrom <= month, await books.CloseAsync(month));
                return model.Close(month);
            case 2:
                await books.SnapshotAsync();
                return model;
            default:
                return model;
        }
    }

    private static LedgerTransaction Make(GeneralLedger model, Command command)
    {
        Booking booking = new(new DateOnly(2026, command.Month, 15), Books.Noon);
        LedgerTransaction entries = LedgerTransaction.Create($"k{command.Key}", booking, command.Moves.SelectMany(move => new[]
        {
            new Entry(s_accounts[move.Debit], Direction.Debit, new Money(move.Amount, s_currencies[move.Currency])),
            new Entry(s_accounts[move.Credit], Direction.Credit, new Money(move.Amount, s_currencies[move.Currency])),
        }));
        if (command.Reverses == 0 || model.Transactions.Count == 0)
        {
            return entries;
        }

        if (command.Reverses == Replay)
        {
            return model.Transactions[command.Targets[0] % model.Transactions.Count];
        }

        IEnumerable<LedgerTransaction> targets = command.Targets.Take(command.Reverses)
            .Select(target => target < Unknown ? model.Transactions[target % Math.Min(Unknown / 2, model.Transactions.Count)] : LedgerTransaction.Create("never posted", booking, entries.Entries))
            .DistinctBy(target => target.Key);
        return LedgerTransaction.Reversal($"k{command.Key}", booking, [.. targets], "undo");
    }

    private static SortedDictionary<string, long> Balances(GeneralLedger model) => new(
        s_accounts.SelectMany(account => s_currencies.Select(currency => (Name: $"{account} {currency}", model.BalanceOf(account, currency).MinorUnits)))
            .Where(one => one.MinorUnits != 0).ToDictionary(one => one.Name, one => one.MinorUnits), StringComparer.Ordinal);

    private static Task<SortedDictionary<string, long>> BalancesAsync(Books books) => books.InAsync(async transaction =>
    {
        SortedDictionary<string, long> balances = new(StringComparer.Ordinal);
        foreach (Account account in s_accounts)
        {
            foreach (Currency currency in s_currencies)
            {
                Money balance = await LedgerStore.BalanceAsync(transaction, account, currency, TestContext.Current.CancellationToken);
                if (!balance.IsZero)
                {
                    balances.Add($"{account} {currency}", balance.MinorUnits);
                }
            }
        }

        return balances;
    });

    private static async Task AssertStoredAsync(Books books, GeneralLedger model)
    {
        string[] keys = [.. Enumerable.Range(0, 16).Select(key => $"k{key}")];
        IReadOnlyDictionary<string, LedgerTransaction> stored = await books.InAsync(transaction => LedgerStore.ReadAsync(transaction, keys, TestContext.Current.CancellationToken));
        Assert.Equal(model.Transactions.Select(one => one.Key).Order(), stored.Keys.Order());
        Assert.All(model.Transactions, one =>
        {
            Assert.True(one.HasContentOf(stored[one.Key]));
            Assert.Equal((one.Booking, one.Reason), (stored[one.Key].Booking, stored[one.Key].Reason));
        });
    }

    private sealed record Move(int Debit, int Credit, int Currency, int Amount);

    private sealed record Command(int Key, int Month, int Reverses, int[] Targets, Move[] Moves);

    /// <param name="Between">What happens before the batch: 1 a month is closed, 2 a snapshot is taken.</param>
    private sealed record Step(PostMode Mode, int Between, int Month, Command[] Batch);
}
