using Metering.Storage.Postgres.Generations;
using System.Net;
using Metering.Aggregator.Engine.Meters;
using Metering.Aggregator.House;
using Metering.Aggregator.Partitions;
using Metering.Aggregator.Tests.Harness;
using Metering.Storage.Postgres;
using Npgsql;
using Xunit;

namespace Metering.Aggregator.Tests;

/// <summary>PostgreSQL commits and the answer is lost: every step must find out what happened, and do it once.</summary>
public sealed class PostgresDoubtTests(Engines engines)
{
    [Fact]
    public async Task Lost_answers_to_commits_lose_and_double_nothing()
    {
        Place place = await engines.NewPlaceAsync();
        NpgsqlConnectionStringBuilder postgres = new(place.Postgres);
        await using CuttingProxy proxy = new(new IPEndPoint(IPAddress.Parse(postgres.Host!), postgres.Port));
        postgres.Port = proxy.Port;
        Workload load = new(seed: 21);
        int armed = 0;
        await using (Pipeline pipeline = await Pipeline.StartAsync(place with { Postgres = postgres.ConnectionString }))
        {
            await MeterSetup.CreateAsync(pipeline.Postgres, "total", Aggregation.Sum);
            await MeterSetup.CreateAsync(pipeline.Postgres, "peak", Aggregation.Max);
            for (int i = 0; i < 600 && proxy.Cuts < 6; i++)
            {
                await pipeline.AppendAsync(load.Next(10));
                if (proxy.Cuts == armed)
                {
                    armed++;
                    proxy.Arm();
                }

                await Task.Delay(50);
            }

            Assert.True(proxy.Cuts == 6, $"only {proxy.Cuts} answers were lost. {TestLog.Instance.Tail()}");
        }

        await using Pipeline last = await Pipeline.StartAsync(place);
        await last.SettleAsync();
        await CrashTests.AssertExactAsync(last, load);
    }

    [Fact]
    public async Task While_PostgreSQL_is_away_nothing_is_confirmed_and_afterwards_everything_is()
    {
        Place place = await engines.NewPlaceAsync();
        Workload load = new(seed: 22);
        await using Pipeline pipeline = await Pipeline.StartAsync(place);
        await MeterSetup.CreateAsync(pipeline.Postgres, "total", Aggregation.Sum);
        await pipeline.AppendAsync(load.Next(50));
        await pipeline.SettleAsync();
        for (int outage = 0; outage < 5; outage++)
        {
            NpgsqlConnectionStringBuilder admin = new(place.Postgres) { Database = "postgres", Pooling = false };
            string name = new NpgsqlConnectionStringBuilder(place.Postgres).Database!;
            await using NpgsqlDataSource server = NpgsqlDataSource.Create(admin.ConnectionString);
            await server.CreateCommand($"alter database {name} with allow_connections false").ExecuteNonQueryAsync();
            await server.CreateCommand($"select pg_terminate_backend(pid) from pg_stat_activity where datname = '{name}'").ExecuteNonQueryAsync();
            await pipeline.AppendAsync(load.Next(50));
            await Task.Delay(300);
            await server.CreateCommand($"alter database {name} with allow_connections true").ExecuteNonQueryAsync();
        }

        await pipeline.SettleAsync(TimeSpan.FromSeconds(60));
        await CrashTests.AssertExactAsync(pipeline, load);
    }

    [Fact]
    public async Task A_back_fill_that_is_planned_twice_has_its_jobs_once()
    {
        await using PostgresDatabase postgres = await EmptyAsync();
        int revision = await MeterSetup.CreateAsync(postgres, "total", Aggregation.Sum);
        HouseJobStore jobs = new(postgres);

        Assert.True(await jobs.PlanAsync(revision, ["{}", "{}"], housePart: 2, epoch: 0, default));
        Assert.True(await jobs.PlanAsync(revision, ["{}", "{}"], housePart: 2, epoch: 0, default));

        Assert.NotNull(await jobs.NextAsync(1, default));
        Assert.Null(await jobs.NextAsync(2, default));
    }

    [Fact]
    public async Task Only_the_owner_stops_a_partition()
    {
        await using PostgresDatabase postgres = await EmptyAsync();
        PartitionStore former = Store(postgres, "former");
        PartitionState taken = (await former.AcquireAsync([], 1, default)).Single();
        await former.ReleaseAsync([(taken.Part, taken.Epoch)], default);
        PartitionStore next = Store(postgres, "next");
        PartitionState owned = (await next.AcquireAsync([], 1, default)).Single();

        Assert.False(await former.StopAsync(taken.Part, taken.Epoch, "late", default));

        Assert.Equal([owned.Part], await next.RenewAsync([(owned.Part, owned.Epoch)], default));
        Assert.True(await next.StopAsync(owned.Part, owned.Epoch, "wrong", default));
        Assert.Empty(await next.RenewAsync([(owned.Part, owned.Epoch)], default));
    }

    private static PartitionStore Store(PostgresDatabase postgres, string owner) => new(postgres, LogGeneration.First(2), new AggregatorOptions { Owner = owner });

    private async Task<PostgresDatabase> EmptyAsync()
    {
        PostgresDatabase postgres = new((await engines.NewPlaceAsync()).Postgres);
        await postgres.MigrateAsync(default);
        await Store(postgres, "first").InitializeAsync("topic", default);
        return postgres;
    }
}
