using System.Globalization;
using Metering.BillingCore.Runs;
using Metering.BillingCore.Tests.Testing;
using Metering.Storage.Postgres;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Metering.BillingCore.Tests.Runs;

/// <summary>Three customers that were billed their first fee. The role's road to PostgreSQL can be cut; the tests' own cannot.</summary>
internal sealed class CutWorld : IAsyncDisposable
{
    private CutWorld(CutRoad road, Seller seller) => (Road, Seller) = (road, seller);

    public static IReadOnlyList<string> Customers { get; } = ["acme", "globex", "initech"];

    public CutRoad Road { get; }

    public Seller Seller { get; }

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <param name="batch">Customers in one transaction.</param>
    /// <param name="workers">Transactions of one run at a time.</param>
    public static async Task<CutWorld> OpenAsync(Engines engines, int batch, int workers)
    {
        PostgresDatabase database = await engines.CreateDatabaseAsync();
        CutRoad road = new(engines.ConnectionTo(database));
        Seller seller = await Seller.OpenAsync(engines, database, road.Database, "2026-01-01T00:00:00Z", ("RunBatch", Text(batch)), ("RunWorkers", Text(workers)));
        foreach (string customer in Customers)
        {
            await seller.SubscribeAsync(customer);
        }

        Assert.Equal(Customers.Count, await seller.BillAsync());
        return new CutWorld(road, seller);
    }

    /// <summary>The n-th month after the first is over and sealed: 12 calls of everybody are due, 11 dollars.</summary>
    public async Task MonthAsync(int n)
    {
        foreach (string customer in Customers)
        {
            await Seller.UseAsync(customer, At(n - 1, "10"), "12");
        }

        await Seller.SealAsync(At(n, "01"));
        Seller.Set(At(n, "01T00:10:00Z"));
    }

    /// <summary>Usage of the n-th month's month before that comes later: four calls more, 2 dollars; of the last customer four that were voided, 3 dollars.</summary>
    public async Task LateAsync(int n)
    {
        foreach (string customer in Customers)
        {
            bool isVoid = customer == Customers[^1];
            await Seller.UseAsync(customer, At(n - 1, "20"), isVoid ? "-4" : "4", kind: isVoid ? "void" : "use");
        }

        await Seller.SealAsync(At(n, "02"));
    }

    public Task<RunTally> BillAsync() => Seller.Run.RunAsync(Seller.Host.Tenant, Seller.Time.GetUtcNow(), progress: null, default, Stop);

    public async Task CorrectAsync(string run)
    {
        CorrectionRunner runner = Seller.Host.Services.GetRequiredService<CorrectionRunner>();
        await runner.FollowAsync(Stop);
        await runner.RunAsync(Seller.Host.Tenant, run, Stop);
    }

    /// <inheritdoc cref="CutRoad.DiesAsync"/>
    public Task<bool> DiesAsync(Cut cut, int at, Func<Task> work) => Road.DiesAsync(cut, at, work);

    /// <summary>How many invoices a customer has, and what they come to.</summary>
    public Task<string> InvoicesOfAsync(string customer) => Seller.ScalarAsync($"select count(*) || ' ' || sum(total) from billing.invoice where customer = '{customer}' and state = 'open'");

    /// <summary>
    /// Of invoices and credit notes none is half, double or missing, and no number; how far a subscription is billed is how far its invoices go; a correction has left what it
    /// says; each was told of once; the books balance.
    /// </summary>
    public async Task IsWholeAsync()
    {
        Assert.Equal("", await Seller.ScalarAsync(
            """
            select string_agg(what, ', ') from (
              select 'half ' || id as what from billing.invoice i where state <> 'draft' and total is distinct from (select sum(total) from billing.invoice_line l where l.invoice = i.id)
              union all select 'lines of a draft ' || i.id from billing.invoice_line l join billing.invoice i on i.id = l.invoice where state = 'draft'
              union all select 'half ' || id from billing.credit_note c where total is distinct from (select sum(total) from billing.credit_note_line l where l.note = c.id)
              union all select 'double ' || subscription from billing.invoice where state <> 'draft' and kind = 'period' group by subscription, due_at having count(*) > 1
              union all select 'gap' from billing.invoice having count(number) <> coalesce((select last from billing.document_series where series = 'INV'), 0)
              union all select 'gap of notes' from billing.credit_note having count(number) <> coalesce((select last from billing.document_series where series = 'CN'), 0)
              union all select 'behind ' || id from billing.subscription s
                where billed_to is distinct from (select max(due_at) from billing.invoice i where i.subscription = s.id and i.state <> 'draft' and i.kind = 'period')
              union all select 'charge of nothing ' || correction from billing.pending_charge p where not exists (select from billing.correction c where c.id = p.correction)
              union all select 'nothing of ' || id from billing.correction c where outcome = 'charged' and not exists (select from billing.pending_charge p where p.correction = c.id)
              union all select 'told ' || count(o.seq) || ' times of ' || i.id from billing.invoice i
                left join billing.outbox o on o.aggregate = 'invoice:' || i.id and o.type = 'invoice.finalized' where i.state <> 'draft' group by i.id having count(o.seq) <> 1
            ) as wrong
            """));
        await Seller.BooksBalanceAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await Seller.DisposeAsync();
        await Road.DisposeAsync();
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static string At(int month, string day) => FormattableString.Invariant($"{2026 + (month / 12)}-{1 + (month % 12):00}-{day}");
}
