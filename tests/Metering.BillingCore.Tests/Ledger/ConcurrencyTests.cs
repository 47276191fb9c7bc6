using Metering.Billing.Ledger;
using Metering.Billing.Postgres.Ledger;
using Metering.BillingCore.Tests.Testing;
using Npgsql;
using Xunit;

namespace Metering.BillingCore.Tests.Ledger;

/// <summary>Many at once: nothing is lost, nothing is spent twice, and nobody waits for ever. No test here does anything again, so a deadlock fails it.</summary>
public sealed class ConcurrencyTests(Engines engines)
{
    private const int Writers = 50;

    private readonly Books _books = new(engines.Postgres);

    [Fact]
    public async Task Many_writers_on_one_customer_account_lose_nothing()
    {
        await RunAsync(async writer =>
        {
            for (int i = 0; i < 10; i++)
            {
                Assert.Equal(PostResult.Posted, await _books.PostAsync(Books.Move($"{writer}:{i}", Books.Receivable("c"), Books.Revenue, writer + i + 1)));
            }
        });
        long expected = Enumerable.Range(0, Writers).Sum(writer => Enumerable.Range(0, 10).Sum(i => writer + i + 1L));
        Assert.Equal(Books.Usd(expected), await _books.BalanceAsync(Books.Receivable("c")));
        Assert.Equal(Books.Usd(expected), await _books.BalanceAsync(Books.Revenue));
        Assert.Equal(0, await _books.DifferencesAsync());
    }

    /// <summary>Snapshots are taken and months closed in between: what was on its way then must not be missed by the fold.</summary>
    [Fact]
    public async Task Many_writers_on_an_account_of_the_tenant_lose_nothing_while_snapshots_are_taken()
    {
        int running = Writers;
        Task<int> snapshots = Task.Run(async () =>
        {
            int taken = 0;
            for (DateOnly month = new(2020, 1, 1); Volatile.Read(ref running) > 0; month = month.AddMonths(1))
            {
                await _books.SnapshotAsync();
                await _books.CloseAsync(month < new DateOnly(2025, 1, 1) ? month : new DateOnly(2025, 1, 1));
                taken++;
            }

            return taken;
        });
        await RunAsync(async writer =>
        {
            for (int i = 0; i < 10; i++)
            {
                Assert.Equal(PostResult.Posted, await _books.PostAsync(Books.Move($"{writer}:{i}", Books.Fees, Books.Bank, 3)));
            }

            Interlocked.Decrement(ref running);
        });
        Assert.True(await snapshots > 0);
        Assert.Equal(Books.Usd(3 * 10 * Writers), await _books.BalanceAsync(Books.Fees));
        Assert.Equal(0, await _books.DifferencesAsync());
    }

    [Fact]
    public async Task Many_who_spend_the_same_credit_spend_what_is_there()
    {
        await _books.PostAsync(Books.Move("excess", Books.Bank, Books.Credit("c"), 100));
        PostResult[] results = new PostResult[Writers];
        await RunAsync(async writer => results[writer] = await _books.PostAsync(Books.Move($"spend:{writer}", Books.Credit("c"), Books.Receivable("c"), 7)));
        Assert.Equal(14, results.Count(result => result == PostResult.Posted));
        Assert.Equal(Writers - 14, results.Count(result => result == PostResult.Overdrawn));
        Assert.Equal(Books.Usd(2), await _books.BalanceAsync(Books.Credit("c")));
    }

    [Fact]
    public async Task Batches_that_touch_the_same_accounts_in_any_order_do_not_deadlock()
    {
        await RunAsync(async writer =>
        {
            for (int round = 0; round < 4; round++)
            {
                Random order = new(writer * 10 + round);
                int[] customers = [.. Enumerable.Range(0, 12)];
                order.Shuffle(customers);
                LedgerTransaction[] batch = [.. customers.Select(customer => Books.Move($"{writer}:{round}:{customer}", Books.Receivable($"c{customer}"), Books.Credit($"c{(customer + 5) % 12}"), 1))];
                Assert.All(await _books.PostAsync(PostMode.Atomic, batch), result => Assert.Equal(PostResult.Posted, result));
            }
        });
        Assert.Equal(Books.Usd(4 * Writers), await _books.BalanceAsync(Books.Receivable("c3")));
        Assert.Equal(0, await _books.DifferencesAsync());
    }

    /// <summary>Some accounts are open, the others are opened by whoever comes first, while others lock what there is.</summary>
    [Fact]
    public async Task Accounts_that_are_opened_while_others_are_locked_do_not_deadlock()
    {
        for (int round = 0; round < 20; round++)
        {
            string customer = $"c{round}";
            await _books.PostAsync(Books.Move($"excess:{round}", Books.Bank, Books.Credit(customer), 1000));
            await RunAsync(writer => _books.PostAsync(Books.Move($"{round}:{writer}", Books.Credit(customer), Books.Receivable(customer), 1)));
            Assert.Equal(Books.Usd(1000 - Writers), await _books.BalanceAsync(Books.Credit(customer)));
        }
    }

    /// <summary>Over accounts that nobody locks, so that only the key brings them together. Whoever is told so by the database begins again, as the edge does.</summary>
    [Fact]
    public async Task Many_who_post_the_same_key_post_once()
    {
        PostResult[] results = new PostResult[Writers];
        await RunAsync(async writer =>
        {
            LedgerTransaction fee = Books.Move("fee", Books.Fees, Books.Bank, writer % 2 == 0 ? 5 : 6);
            try
            {
                results[writer] = await _books.PostAsync(fee);
            }
            catch (PostgresException clash) when (clash.SqlState == PostgresErrorCodes.SerializationFailure)
            {
                results[writer] = await _books.PostAsync(fee);
            }
        });
        Assert.Equal(1, results.Count(result => result == PostResult.Posted));
        Assert.Equal(Writers / 2 - 1, results.Count(result => result == PostResult.AlreadyPosted));
        Assert.Equal(Writers / 2, results.Count(result => result == PostResult.ConflictingEntries));
    }

    [Fact]
    public async Task A_month_is_closed_only_when_nobody_is_posting_into_it()
    {
        await using Billing.Postgres.Tenancy.TenantTransaction posting = await _books.BeginAsync();
        await LedgerStore.PostAsync(posting, [Books.Move("fee", Books.Fees, Books.Bank, 5)], PostMode.Atomic, TestContext.Current.CancellationToken);
        Task<bool> closing = _books.CloseAsync(new DateOnly(2026, 1, 1));
        await WaitsForLockAsync();
        await posting.CommitAsync(TestContext.Current.CancellationToken);
        Assert.True(await closing);
        Assert.Equal(PostResult.MonthClosed, await _books.PostAsync(Books.Move("late", Books.Fees, Books.Bank, 5)));
        Assert.Equal(Books.Usd(5), await _books.BalanceAsync(Books.Fees));
    }

    private static Task RunAsync(Func<int, Task> write) => Task.WhenAll(Enumerable.Range(0, Writers).Select(writer => Task.Run(() => write(writer))));

    private async Task WaitsForLockAsync()
    {
        await using NpgsqlCommand waiting = engines.Postgres.Source.CreateCommand(
            "select exists (select from pg_locks join pg_stat_activity using (pid) where locktype = 'advisory' and not granted and query like '%take_ledger_snapshot%')");
        while (!(bool)(await waiting.ExecuteScalarAsync(TestContext.Current.CancellationToken))!)
        {
            await Task.Yield();
        }
    }
}
