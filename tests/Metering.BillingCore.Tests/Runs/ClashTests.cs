using Metering.BillingCore.Runs;
using Metering.BillingCore.Tests.Testing;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Xunit;

namespace Metering.BillingCore.Tests.Runs;

/// <summary>Transactions of runs that PostgreSQL ends in favour of others.</summary>
public sealed class ClashTests(Engines engines)
{
    /// <summary>A deadlock that does not come about is waited for in vain. Milliseconds.</summary>
    private const int Patience = 120_000;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <param name="table">At whose first change the transaction ends.</param>
    /// <param name="atCommit">At the COMMIT of that change instead.</param>
    [Theory]
    [InlineData("invoice", false)]
    [InlineData("ledger_transaction", false)]
    [InlineData("invoice_line", true)]
    [InlineData("outbox", true)]
    [InlineData("subscription", false)]
    public async Task A_batch_that_cannot_be_serialized_is_done_again(string table, bool atCommit)
    {
        await using CutWorld world = await CutWorld.OpenAsync(engines, batch: 2, workers: 1);
        await world.MonthAsync(1);
        await ClashAsync(world, table, atCommit, times: 2);
        Assert.Equal(CutWorld.Customers.Count, (await world.BillAsync()).Invoices);
        Assert.True(await CountAsync(world, "select last_value from public.clashes") > 2, "nothing clashed");
        await world.IsWholeAsync();
    }

    [Fact]
    public async Task A_batch_that_clashes_again_and_again_is_given_up_with_nothing_done_and_the_next_run_does_it()
    {
        await using CutWorld world = await CutWorld.OpenAsync(engines, batch: 2, workers: 1);
        await world.MonthAsync(1);
        await ClashAsync(world, "invoice_line", atCommit: true, times: 1000);
        PostgresException given = await Assert.ThrowsAsync<PostgresException>(world.BillAsync);
        Assert.Equal(PostgresErrorCodes.SerializationFailure, given.SqlState);
        Assert.Equal("0", await world.Seller.ScalarAsync("select count(*) from billing.invoice where due_at > '2026-01-15'"));
        await world.IsWholeAsync();
        await ExecuteAsync(world, "drop trigger clash on billing.invoice_line");
        Assert.Equal(CutWorld.Customers.Count, (await world.BillAsync()).Invoices);
        await world.IsWholeAsync();
    }

    /// <inheritdoc cref="A_batch_that_cannot_be_serialized_is_done_again"/>
    [Theory]
    [InlineData("correction", true)]
    [InlineData("pending_charge", false)]
    [InlineData("credit_note", true)]
    [InlineData("dirty_period", false)]
    public async Task A_correction_that_cannot_be_serialized_is_done_again(string table, bool atCommit)
    {
        await using CutWorld world = await CutWorld.OpenAsync(engines, batch: 2, workers: 1);
        await world.MonthAsync(1);
        await world.BillAsync();
        await world.LateAsync(1);
        await ClashAsync(world, table, atCommit, times: 2);
        await world.CorrectAsync("clashes");
        Assert.True(await CountAsync(world, "select last_value from public.clashes") > 2, "nothing clashed");
        Assert.Equal("2/1", await world.Seller.ScalarAsync("select (select count(*) from billing.pending_charge) || '/' || (select count(*) from billing.credit_note)"));
        await world.IsWholeAsync();
    }

    [Fact]
    public async Task A_correction_that_clashes_again_and_again_is_given_up_with_nothing_done_and_the_next_run_makes_it()
    {
        await using CutWorld world = await CutWorld.OpenAsync(engines, batch: 2, workers: 1);
        await world.MonthAsync(1);
        await world.BillAsync();
        await world.LateAsync(1);
        await ClashAsync(world, "correction", atCommit: true, times: 1000);
        Assert.Equal(PostgresErrorCodes.SerializationFailure, (await Assert.ThrowsAsync<PostgresException>(() => world.CorrectAsync("clashes"))).SqlState);
        Assert.Equal("0", await world.Seller.ScalarAsync("select (select count(*) from billing.pending_charge) + (select count(*) from billing.credit_note)"));
        await ExecuteAsync(world, "drop trigger clash on billing.correction");
        await world.CorrectAsync("again");
        Assert.Equal("2/1", await world.Seller.ScalarAsync("select (select count(*) from billing.pending_charge) || '/' || (select count(*) from billing.credit_note)"));
        await world.IsWholeAsync();
    }

    /// <summary>Somebody holds what the run takes last and wants what it took first; the run is the one that PostgreSQL ends.</summary>
    [Theory(Timeout = Patience)]
    [InlineData("document_series")]
    [InlineData("ledger_account")]
    [InlineData("customer")]
    public async Task A_run_in_a_deadlock_is_undone_and_the_work_is_done_later(string table)
    {
        await using CutWorld world = await CutWorld.OpenAsync(engines, batch: 2, workers: 1);
        await world.MonthAsync(1);
        await using NpgsqlConnection other = await world.Seller.Postgres.Source.OpenConnectionAsync(Stop);

        // Whoever looks for a deadlock first is its victim: the run does after a second.
        await ExecuteAsync(other, $"set deadlock_timeout = '1h'; begin; select from billing.{table} for update");
        Task<RunTally> run = world.BillAsync();
        while (await CountAsync(world, "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'") == 0)
        {
            Assert.False(run.IsCompleted, "the run takes no lock that is held");
        }

        await ExecuteAsync(other, "select from billing.subscription for update");
        await ExecuteAsync(other, "rollback");
        await run;
        await world.BillAsync();
        while (await CountAsync(world, "select deadlocks from pg_stat_database where datname = current_database()") == 0)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(50), TestContext.Current.CancellationToken); // the statistics come a moment later
        }

        Assert.Equal("6", await world.Seller.ScalarAsync("select count(*) from billing.invoice where state = 'open'"));
        await world.IsWholeAsync();
    }

    /// <summary>The run has read its usage as of a seal and not committed; what the next seal brings is for periods that nobody else sees as billed yet.</summary>
    [Fact(Timeout = Patience)]
    public async Task Late_usage_of_a_seal_that_comes_while_its_period_is_being_billed_is_corrected()
    {
        await using CutWorld world = await CutWorld.OpenAsync(engines, batch: 5, workers: 1);
        await world.CorrectAsync("before"); // what was sealed so far is followed
        await world.MonthAsync(1);
        await using NpgsqlConnection other = await world.Seller.Postgres.Source.OpenConnectionAsync(Stop);
        await ExecuteAsync(other, "begin; select from billing.document_series for update");
        Task<RunTally> run = world.BillAsync();
        while (await CountAsync(world, "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'") == 0)
        {
            Assert.False(run.IsCompleted, "the run takes no lock that is held");
        }

        await world.LateAsync(1);
        Task follow = world.Seller.Host.Services.GetRequiredService<CorrectionRunner>().FollowAsync(Stop);
        while (!follow.IsCompleted && await CountAsync(world, "select count(*) from pg_locks where locktype = 'advisory' and not granted") == 0)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), TestContext.Current.CancellationToken);
        }

        await ExecuteAsync(other, "rollback");
        Assert.Equal(CutWorld.Customers.Count, (await run).Invoices);
        await follow;
        await world.CorrectAsync("after");
        Assert.Equal("2/1", await world.Seller.ScalarAsync("select (select count(*) from billing.pending_charge) || '/' || (select count(*) from billing.credit_note)"));
        await world.IsWholeAsync();
    }

    private static async Task ClashAsync(CutWorld world, string table, bool atCommit, int times)
    {
        await ExecuteAsync(world, $$"""
            create sequence public.clashes;
            create function public.clash() returns trigger language plpgsql security definer as $$
              begin
                if nextval('public.clashes') <= {{times}} then
                  raise exception 'could not serialize access due to concurrent update' using errcode = 'serialization_failure';
                end if;
                return new;
              end $$;
            create {{(atCommit ? $"constraint trigger clash after insert on billing.{table} deferrable initially deferred" : $"trigger clash before insert or update on billing.{table}")}}
              for each row execute function public.clash()
            """);
    }

    private static async Task<long> CountAsync(CutWorld world, string sql)
    {
        await using NpgsqlCommand command = world.Seller.Postgres.Source.CreateCommand(sql);
        return (long)(await command.ExecuteScalarAsync(Stop))!;
    }

    private static async Task ExecuteAsync(CutWorld world, string sql)
    {
        await using NpgsqlConnection connection = await world.Seller.Postgres.Source.OpenConnectionAsync(Stop);
        await ExecuteAsync(connection, sql);
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql)
    {
        await using NpgsqlCommand command = new(sql, connection);
        await command.ExecuteNonQueryAsync(Stop);
    }
}
