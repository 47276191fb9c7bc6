using Metering.Billing.Postgres.Jobs;
using Metering.BillingCore.Outbox;
using Metering.BillingCore.Tests.Outbox;
using Metering.BillingCore.Tests.Testing;
using Xunit;

namespace Metering.BillingCore.Tests.Runs;

/// <summary>
/// Runs whose session with PostgreSQL ends at the n-th request, n = 1, 2, 3 …, until one goes through: after each, what is there is whole, and the next run finishes the
/// work. Every n has a month of its own.
/// </summary>
public sealed class CrashTests(Engines engines)
{
    /// <summary>More requests than any run here makes: one that never goes through is an error.</summary>
    private const int Most = 300;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(Cut.BeforeRequest)]
    [InlineData(Cut.BeforeAnswer)]
    [InlineData(Cut.SessionEnded)]
    public async Task A_billing_run_that_dies_at_any_request_leaves_whole_invoices_and_the_next_makes_the_others(Cut cut)
    {
        await using CutWorld world = await CutWorld.OpenAsync(engines, batch: 3, workers: 1);
        int n = await SweepAsync(async n =>
        {
            await world.MonthAsync(n);
            bool died = await world.DiesAsync(cut, n, world.BillAsync);
            await world.IsWholeAsync();
            await world.BillAsync();
            await world.IsWholeAsync();
            return died;
        });
        foreach (string customer in CutWorld.Customers)
        {
            Assert.Equal(Sums(n + 1, 3300 + (n * 4510)), await world.InvoicesOfAsync(customer));
        }
    }

    [Theory]
    [InlineData(Cut.BeforeRequest)]
    [InlineData(Cut.BeforeAnswer)]
    public async Task A_correction_run_that_dies_at_any_request_charges_and_credits_once(Cut cut)
    {
        await using CutWorld world = await CutWorld.OpenAsync(engines, batch: 3, workers: 1);
        int n = await SweepAsync(async n =>
        {
            await world.MonthAsync(n);
            await world.BillAsync();
            await world.LateAsync(n);
            bool died = await world.DiesAsync(cut, n, () => world.CorrectAsync($"dies {n}"));
            await world.IsWholeAsync();
            await world.CorrectAsync($"after {n}");
            await world.IsWholeAsync();
            Assert.Equal("0", await world.Seller.ScalarAsync("select count(*) from billing.dirty_period"));
            return died;
        });

        // The charges of the last month are on no invoice yet.
        Assert.Equal(Sums(n + 1, 3300 + (n * 4510) + ((n - 1) * 220)), await world.InvoicesOfAsync("acme"));
        Assert.Equal(Sums(n + 1, 3300 + (n * 4510)), await world.InvoicesOfAsync("initech"));
        Assert.Equal(Sums(n, n * 330), await world.Seller.ScalarAsync("select count(*) || ' ' || sum(total) from billing.credit_note"));
        Assert.Equal(Sums(2, 400), await world.Seller.ScalarAsync("select count(*) || ' ' || sum(accrued) from billing.pending_charge where invoice is null"));
    }

    /// <summary>Two billing runs of two workers each and a correction run, of which one session dies; which request of whom is the n-th, differs.</summary>
    [Theory]
    [InlineData(Cut.BeforeRequest)]
    [InlineData(Cut.BeforeAnswer)]
    public async Task Runs_at_once_of_which_one_dies_bill_and_correct_everything_once(Cut cut)
    {
        const int Months = 40;
        await using CutWorld world = await CutWorld.OpenAsync(engines, batch: 2, workers: 2);
        await world.MonthAsync(1);
        await world.BillAsync();
        for (int n = 2; n <= Months; n++)
        {
            await world.LateAsync(n - 1);
            await world.MonthAsync(n);
            Assert.True(await world.DiesAsync(cut, n, () => Task.WhenAll(world.BillAsync(), world.CorrectAsync($"beside {n}"), world.BillAsync())), $"there were less than {n} requests");
            await world.IsWholeAsync();
            await world.CorrectAsync($"after {n}");
            await world.BillAsync();
            await world.IsWholeAsync();
        }

        await world.MonthAsync(Months + 1);
        await world.BillAsync();
        Assert.Equal(Sums(Months + 2, 3300 + ((Months + 1) * 4510) + ((Months - 1) * 220)), await world.InvoicesOfAsync("acme"));
        Assert.Equal(Sums(Months - 1, (Months - 1) * 330), await world.Seller.ScalarAsync("select count(*) || ' ' || sum(total) from billing.credit_note"));
    }

    [Theory]
    [InlineData(Cut.BeforeRequest)]
    [InlineData(Cut.BeforeAnswer)]
    [InlineData(Cut.SessionEnded)]
    public async Task A_relay_that_dies_at_any_request_loses_and_reorders_nothing(Cut cut)
    {
        await using OutboxWorld world = await OutboxWorld.CreateAsync(engines, kafka: false);
        await using CutRoad road = new(engines.ConnectionTo(world.Database));
        int rounds = await SweepAsync(
            async n =>
            {
                await world.AddAsync(n - 1);
                await using Ownership mine = await Testing.Jobs.TakeOverAsync(road.Database, OutboxRelay.Job);
                OutboxRelay relay = Testing.Jobs.Relay(road.Database, world.Topic, TimeProvider.System);
                bool died = await road.DiesAsync(cut, n, () => relay.StepAsync(mine, Stop));
                await relay.StepAsync(mine, Stop);
                Assert.Equal(0, await world.PendingAsync());
                return died;
            },
            atLeast: 5);
        Assert.All((await world.ConsumeAsync()).Values, bodies => Assert.Equal(Enumerable.Range(0, rounds).Select(n => $$"""{"n":{{n}}}"""), bodies));
    }

    /// <returns>The n that went through.</returns>
    private static async Task<int> SweepAsync(Func<int, Task<bool>> diesAt, int atLeast = 20)
    {
        int n = 1;
        while (await diesAt(n))
        {
            Assert.True(++n < Most, "nothing ever went through");
        }

        Assert.True(n > atLeast, $"{n} requests are too few to be all");
        return n;
    }

    private static string Sums(int count, long total) => FormattableString.Invariant($"{count} {total}");
}
