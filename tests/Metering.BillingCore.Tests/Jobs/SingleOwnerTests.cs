using Metering.Billing.Postgres.Jobs;
using Metering.Billing.Postgres.Tenancy;
using Metering.BillingCore.Tests.Testing;
using Metering.Storage.Postgres;
using Npgsql;
using Xunit;

namespace Metering.BillingCore.Tests.Jobs;

public sealed class SingleOwnerTests(Engines engines)
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_job_has_one_owner_and_each_owner_a_higher_token()
    {
        await using PostgresDatabase database = await engines.CreateDatabaseAsync();
        SingleOwner owner = Testing.Jobs.Owner(database);
        await using (Ownership first = await Testing.Jobs.TakeAsync(database, "job"))
        {
            Assert.Null(await owner.TryTakeAsync("job", Stop));
            await using Ownership? other = await owner.TryTakeAsync("another", Stop);
            Assert.Equal((1, 1), (first.Token, other!.Token));
        }

        await using Ownership second = await Testing.Jobs.TakeAsync(database, "job");
        Assert.Equal((2, true), (second.Token, second.IsHeld));
    }

    [Fact]
    public async Task Of_many_who_ask_at_once_one_has_it()
    {
        await using PostgresDatabase database = await engines.CreateDatabaseAsync();
        SingleOwner owner = Testing.Jobs.Owner(database);
        Ownership?[] taken = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => owner.TryTakeAsync("job", Stop)));
        await using Ownership only = Assert.Single(taken, one => one is not null)!;
        Assert.Equal(1, only.Token);
    }

    /// <summary>A session that ends takes the lock with it; its owner may still think that it has the job.</summary>
    [Fact]
    public async Task An_owner_whose_session_has_ended_commits_nothing_once_there_is_a_later_one()
    {
        await using PostgresDatabase database = await engines.CreateDatabaseAsync();
        Ownership zombie = await Testing.Jobs.TakeAsync(database, "job");
        await EndSessionsAsync(database);
        await using Ownership next = await Testing.Jobs.TakeOverAsync(database, "job");
        TenantDatabase tenants = new(database);
        await using TenantTransaction transaction = await tenants.BeginAsync("t", Stop);
        await Assert.ThrowsAsync<OwnershipLostException>(() => zombie.HoldAsync(transaction, Stop));
        await Assert.ThrowsAsync<OwnershipLostException>(() => zombie.CheckAsync(Stop));
        Assert.False(zombie.IsHeld);
        await next.HoldAsync(transaction, Stop);
        await zombie.DisposeAsync();
    }

    /// <summary>Between the check and the commit nobody can take the job.</summary>
    [Fact]
    public async Task A_new_owner_waits_for_what_the_one_before_is_committing()
    {
        await using PostgresDatabase database = await engines.CreateDatabaseAsync();
        await using Ownership zombie = await Testing.Jobs.TakeAsync(database, "job");
        TenantTransaction committing = await new TenantDatabase(database).BeginAsync("t", Stop);
        await zombie.HoldAsync(committing, Stop);
        await EndSessionsAsync(database, exceptTransactions: true);
        Task<Ownership> taking = Testing.Jobs.TakeOverAsync(database, "job");
        await WaitForLockAsync(database);
        Assert.False(taking.IsCompleted);
        await committing.CommitAsync(Stop);
        await committing.DisposeAsync();
        await using Ownership next = await taking;
        Assert.Equal(2, next.Token);
    }

    [Fact]
    public async Task An_owner_that_is_silent_for_too_long_loses_the_job()
    {
        await using PostgresDatabase database = await engines.CreateDatabaseAsync();
        Ownership silent = (await new SingleOwner(database, TimeProvider.System, TimeSpan.FromMilliseconds(50)).TryTakeAsync("job", Stop))!;
        SingleOwner owner = Testing.Jobs.Owner(database);
        Ownership? next = null;
        while (next is null)
        {
            next = await owner.TryTakeAsync("job", Stop);
        }

        await Assert.ThrowsAsync<OwnershipLostException>(() => silent.CheckAsync(Stop));
        await silent.DisposeAsync();
        await next.DisposeAsync();
    }

    private static async Task EndSessionsAsync(PostgresDatabase database, bool exceptTransactions = false)
    {
        await using NpgsqlCommand command = database.Source.CreateCommand(
            $"select count(pg_terminate_backend(pid)) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid(){(exceptTransactions ? " and state = 'idle'" : "")}");
        await command.ExecuteScalarAsync(Stop);
    }

    private static async Task WaitForLockAsync(PostgresDatabase database)
    {
        await using NpgsqlConnection connection = await database.Source.OpenConnectionAsync(Stop);
        await using NpgsqlCommand command = new("select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'", connection);
        while (await command.ExecuteScalarAsync(Stop) is not > 0L)
        {
        }
    }
}
