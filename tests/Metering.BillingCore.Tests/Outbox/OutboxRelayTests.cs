using Metering.Billing.Postgres.Jobs;
using Metering.Billing.Postgres.Outbox;
using Metering.Billing.Postgres.Tenancy;
using Metering.BillingCore.Outbox;
using Metering.BillingCore.Tests.Testing;
using Metering.Contracts;
using Microsoft.Extensions.Time.Testing;
using Npgsql;
using Xunit;

namespace Metering.BillingCore.Tests.Outbox;

public sealed class OutboxRelayTests(Engines engines)
{
    private const int Rounds = 4;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static TheoryData<bool, Break, int> Deaths()
    {
        TheoryData<bool, Break, int> deaths = [];
        foreach (bool kafka in new[] { false, true })
        {
            deaths.Add(kafka, Break.Never, 0);
            foreach (Break how in new[] { Break.BeforeAppend, Break.AfterAppend, Break.HalfRefused })
            {
                deaths.Add(kafka, how, 0);
                deaths.Add(kafka, how, Rounds - 1);
            }
        }

        return deaths;
    }

    /// <summary>Every step at which a relay can end, at each of its appends; the next one finishes what is left.</summary>
    [Theory]
    [MemberData(nameof(Deaths))]
    public async Task A_relay_that_ends_anywhere_loses_and_reorders_nothing(bool kafka, Break how, int at)
    {
        await using OutboxWorld world = await OutboxWorld.CreateAsync(engines, kafka);
        for (int round = 0; round < Rounds; round++)
        {
            await world.AddAsync(round);
        }

        BrokenTopic broken = new(world.Topic, how, at);
        await using (Ownership first = await Testing.Jobs.TakeAsync(world.Database, OutboxRelay.Job))
        {
            OutboxRelay relay = Testing.Jobs.Relay(world.Database, broken, TimeProvider.System);
            Exception? death = await Record.ExceptionAsync(() => relay.StepAsync(first, Stop));
            Assert.Equal(how is Break.BeforeAppend or Break.AfterAppend, death is IOException);
            Assert.Equal(how != Break.Never, broken.HasBroken);
        }

        await RunAsync(world);
        await AssertCompleteAsync(world, Rounds);
    }

    /// <summary>What was sent and not marked is sent again: the copy has the same id.</summary>
    [Fact]
    public async Task A_relay_that_dies_before_the_mark_leaves_copies_with_the_same_ids()
    {
        await using OutboxWorld world = await OutboxWorld.CreateAsync(engines, kafka: false);
        await world.AddAsync(0);
        Ownership zombie = await Testing.Jobs.TakeAsync(world.Database, OutboxRelay.Job);
        await using (NpgsqlCommand later = world.Database.Source.CreateCommand("update billing.job set token = token + 1"))
        {
            await later.ExecuteNonQueryAsync(Stop);
        }

        await Assert.ThrowsAsync<OwnershipLostException>(() => Testing.Jobs.Relay(world.Database, world.Topic, TimeProvider.System).StepAsync(zombie, Stop));
        Assert.Equal(10, await world.PendingAsync());
        await zombie.DisposeAsync();
        await RunAsync(world);
        List<BillingMessage> records = await world.ReadAllAsync();
        Assert.Equal((20, 10), (records.Count, records.Select(record => record.Id).Distinct().Count()));
        await AssertCompleteAsync(world, 1);
    }

    /// <summary>Two relays step in turns while messages are written: whoever has lost the job marks nothing.</summary>
    [Fact]
    public async Task A_zombie_beside_a_relay_neither_loses_nor_reorders()
    {
        await using OutboxWorld world = await OutboxWorld.CreateAsync(engines, kafka: false);
        Ownership zombie = await Testing.Jobs.TakeAsync(world.Database, OutboxRelay.Job);
        await using (NpgsqlCommand end = world.Database.Source.CreateCommand("select count(pg_terminate_backend(pid)) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"))
        {
            await end.ExecuteScalarAsync(Stop);
        }

        await using Ownership owner = await Testing.Jobs.TakeOverAsync(world.Database, OutboxRelay.Job);
        OutboxRelay old = Testing.Jobs.Relay(world.Database, world.Topic, TimeProvider.System);
        OutboxRelay current = Testing.Jobs.Relay(world.Database, world.Topic, TimeProvider.System);
        for (int round = 0; round < Rounds; round++)
        {
            await world.AddAsync(round);
            Task<Exception?> undead = UndeadAsync(old, zombie);
            await current.StepAsync(owner, Stop);
            Assert.True(await undead is null or OwnershipLostException);
        }

        Assert.Equal(0, await world.PendingAsync());
        await AssertCompleteAsync(world, Rounds);
        await zombie.DisposeAsync();
    }

    /// <summary>A number is drawn before it is committed: the later one may be seen first, and the earlier one is not passed over.</summary>
    [Fact]
    public async Task A_message_that_is_committed_after_a_later_one_is_relayed_too()
    {
        await using OutboxWorld world = await OutboxWorld.CreateAsync(engines, kafka: false);
        TenantDatabase tenants = new(world.Database);
        await using TenantTransaction slow = await tenants.BeginAsync("t0", Stop);
        await OutboxStore.AddAsync(slow, [new OutboxMessage("thing:slow", "thing.happened", """{"n":1}""")], DateTimeOffset.UnixEpoch, Stop);
        await world.AddAsync(0, tenants: 1, aggregates: 1);
        await RunAsync(world);
        Assert.Single(await world.ReadAllAsync());
        await slow.CommitAsync(Stop);
        await RunAsync(world);
        Assert.Equal(["t0 thing:0", "t0 thing:slow"], (await world.ConsumeAsync()).Keys.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task What_was_relayed_long_ago_is_dropped_and_what_waits_is_not()
    {
        await using OutboxWorld world = await OutboxWorld.CreateAsync(engines, kafka: false);
        FakeTimeProvider time = new(new DateTimeOffset(2026, 3, 10, 0, 0, 0, TimeSpan.Zero));
        OutboxRelay relay = Testing.Jobs.Relay(world.Database, world.Topic, time);
        await using Ownership mine = await Testing.Jobs.TakeAsync(world.Database, OutboxRelay.Job);
        await world.AddAsync(0);
        await relay.StepAsync(mine, Stop);
        time.Advance(TimeSpan.FromDays(7));
        await relay.StepAsync(mine, Stop);
        Assert.Equal(10, await CountAsync(world));
        time.Advance(TimeSpan.FromMinutes(1));
        OutboxRelay stuck = Testing.Jobs.Relay(world.Database, new BrokenTopic(world.Topic, Break.HalfRefused, 0), time);
        await world.AddAsync(1);
        await stuck.StepAsync(mine, Stop);
        Assert.Equal((10, 5), (await CountAsync(world), await world.PendingAsync()));
    }

    [Fact]
    public async Task A_copy_leads_to_nothing_where_messages_are_claimed()
    {
        await using OutboxWorld world = await OutboxWorld.CreateAsync(engines, kafka: false);
        TenantDatabase tenants = new(world.Database);
        DateTimeOffset now = new(2026, 3, 10, 0, 0, 0, TimeSpan.Zero);
        Assert.Equal(["b", "a"], await ClaimAsync("sync", ["b", "a", "b"], now, commits: true));
        Assert.Equal(["c"], await ClaimAsync("sync", ["a", "c"], now, commits: false));
        Assert.Equal(["c"], await ClaimAsync("sync", ["a", "c", "b"], now, commits: true));
        Assert.Equal(["a"], await ClaimAsync("other", ["a"], now, commits: true));
        Assert.Equal(["d"], await ClaimAsync("sync", ["d"], now.AddDays(8), commits: true));
        Assert.Equal(["a"], await ClaimAsync("sync", ["a"], now.AddDays(8), commits: true));

        async Task<IReadOnlyList<string>> ClaimAsync(string consumer, string[] messages, DateTimeOffset at, bool commits)
        {
            await using TenantTransaction transaction = await tenants.BeginAsync("t", Stop);
            IReadOnlyList<string> claimed = await Inbox.ClaimAsync(transaction, consumer, messages, TimeSpan.FromDays(7), at, Stop);
            if (commits)
            {
                await transaction.CommitAsync(Stop);
            }

            return claimed;
        }
    }

    private static async Task<Exception?> UndeadAsync(OutboxRelay relay, Ownership zombie) => await Record.ExceptionAsync(() => relay.StepAsync(zombie, Stop));

    private static async Task RunAsync(OutboxWorld world)
    {
        await using Ownership mine = await Testing.Jobs.TakeAsync(world.Database, OutboxRelay.Job);
        OutboxRelay relay = Testing.Jobs.Relay(world.Database, world.Topic, TimeProvider.System);
        while (await world.PendingAsync() > 0)
        {
            await relay.StepAsync(mine, Stop);
        }
    }

    private static async Task AssertCompleteAsync(OutboxWorld world, int rounds)
    {
        Assert.Equal(0, await world.PendingAsync());
        Dictionary<string, List<string>> consumed = await world.ConsumeAsync();
        Assert.Equal(10, consumed.Count);
        Assert.All(consumed.Values, bodies => Assert.Equal(Enumerable.Range(0, rounds).Select(n => $$"""{"n":{{n}}}"""), bodies));
    }

    private static async Task<long> CountAsync(OutboxWorld world)
    {
        await using NpgsqlCommand command = world.Database.Source.CreateCommand("select count(*) from billing.outbox");
        return (long)(await command.ExecuteScalarAsync(Stop))!;
    }
}
