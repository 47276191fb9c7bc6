using Metering.Billing.Ledger;
using Metering.Billing.Periods;
using Metering.Billing.Postgres.Ledger;
using Metering.Billing.Proration;
using Metering.BillingCore.Tests.Testing;
using Metering.Storage.Postgres;
using Npgsql;
using Xunit;

namespace Metering.BillingCore.Tests.Ledger;

/// <summary>The billing role looks after ledgers by itself.</summary>
public sealed class UpkeepTests(Engines engines)
{
    private readonly Books _books = new(engines.Postgres);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_ledger_whose_turn_it_is_is_looked_after_and_one_that_fails_keeps_nobody_waiting()
    {
        Books broken = new(engines.Postgres);
        await DeferAsync(_books, "UTC");
        await DeferAsync(broken, "Nowhere/Land");
        await engines.ExecuteAsync($"update billing.ledger_upkeep set due_at = '2000-01-01' where tenant_id = '{broken.Tenant}'; update billing.ledger_upkeep set due_at = '2000-01-02' where tenant_id = '{_books.Tenant}'");
        await using BillingHost host = await BillingHost.StartAsync(engines);
        using CancellationTokenSource hung = CancellationTokenSource.CreateLinkedTokenSource(Token);
        hung.CancelAfter(TimeSpan.FromMinutes(2));
        while (await IsDueAsync(broken) || await IsDueAsync(_books))
        {
            await Task.Delay(TimeSpan.FromMilliseconds(50), hung.Token);
        }

        Assert.Equal(Books.Usd(3100), await _books.BalanceAsync(Books.Revenue));
        Assert.Equal(Books.Usd(0), await broken.BalanceAsync(Books.Revenue));
    }

    /// <summary>In a database of its own: all hosts of other tests take turns too.</summary>
    [Fact]
    public async Task A_turn_is_one_process_s_at_a_time_and_comes_back_when_it_is_not_completed()
    {
        string name = $"upkeep_{_books.Tenant}";
        await engines.ExecuteAsync($"create database {name}");
        await using PostgresDatabase database = new(new NpgsqlConnectionStringBuilder(engines.PostgresConnection) { Database = name }.ConnectionString);
        await database.MigrateAsync(Token);
        Assert.Null(await LedgerUpkeep.TryBeginAsync(database, Token));
        await DeferAsync(new Books(database, "t"), "UTC");
        Assert.Null(await LedgerUpkeep.TryBeginAsync(database, Token));
        await using NpgsqlCommand due = database.Source.CreateCommand("update billing.ledger_upkeep set due_at = now()");
        await due.ExecuteNonQueryAsync(Token);
        await using (LedgerUpkeep? mine = await LedgerUpkeep.TryBeginAsync(database, Token))
        {
            Assert.Equal("t", mine?.Tenant);
            Assert.Null(await LedgerUpkeep.TryBeginAsync(database, Token));
        }

        await using (LedgerUpkeep? again = await LedgerUpkeep.TryBeginAsync(database, Token))
        {
            Assert.Equal("t", again?.Tenant);
            await again!.CompleteAsync(Token);
        }

        Assert.Null(await LedgerUpkeep.TryBeginAsync(database, Token));
    }

    private async Task<bool> IsDueAsync(Books books)
    {
        await using NpgsqlCommand command = engines.Postgres.Source.CreateCommand($"select due_at < now() from billing.ledger_upkeep where tenant_id = '{books.Tenant}'");
        return (bool)(await command.ExecuteScalarAsync(Token))!;
    }

    private static Task<int> DeferAsync(Books books, string zone) => books.InAsync(async transaction =>
    {
        DateTimeOffset january = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
        await Deferrals.AddAsync(transaction, [new DeferredLine("i/1", null, "c", Books.Usd(3100), new TimeRange(january, january.AddMonths(1)), zone, ProrationUnit.Day)], Token);
        await LedgerStore.PostAsync(transaction, [Books.Move("i", Books.Receivable("c"), Account.OfCustomer(AccountKind.Deferred, "c"), 3100)], PostMode.Atomic, Token);
        return 0;
    });
}
