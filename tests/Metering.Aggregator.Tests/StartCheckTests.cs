using Metering.Aggregator.Engine.Meters;
using Metering.Aggregator.Partitions;
using Metering.Aggregator.Tests.Harness;
using Metering.EventLog;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Npgsql;
using Xunit;

namespace Metering.Aggregator.Tests;

/// <summary>
/// Stores that no longer fit together stop the partition with a name; going on would lose usage or count it twice. The harness cuts flushes off when
/// it stops, so what stands for a restored PostgreSQL has to forget the flush on its way too.
/// </summary>
public sealed class StartCheckTests(Engines engines)
{
    [Theory]
    [InlineData("update partition_state set confirmed = 0, pend_lo = null, pend_hi = null, flush_no = 0 where part < 2", "PostgreSQL is older than ClickHouse")]
    [InlineData("delete from seal", "PostgreSQL is older than ClickHouse")]
    [InlineData("update log_topic set partitions = 7", "never changes")]
    [InlineData("update partition_state set confirmed = 1000000000, pend_lo = null, pend_hi = null where part = 0", "the log has lost records or is another one")]
    public async Task Stores_that_do_not_fit_stop_the_partition(string restore, string named)
    {
        Place place = await engines.NewPlaceAsync();
        await using (Pipeline before = await Pipeline.StartAsync(place))
        {
            await MeterSetup.CreateAsync(before.Postgres, "total", Aggregation.Sum);
            await before.AppendAsync(Enumerable.Range(0, 50).Select(i => Sent.Use($"e{i}", i)));
            await before.SettleAsync();
            await WaitAsync(async () => (await before.RowsAsync("SELECT max(seal_no) FROM seal_mark")).Single() != "0", before);
        }

        await using (NpgsqlDataSource source = NpgsqlDataSource.Create(place.Postgres))
        {
            await source.CreateCommand(restore).ExecuteNonQueryAsync();
        }

        await using Pipeline after = await Pipeline.StartAsync(place);
        AggregatorStatus status = after.Services.GetRequiredService<AggregatorStatus>();
        await WaitAsync(() => Task.FromResult(status.Stopped.Count > 0), after);
        Assert.Contains(status.Stopped.Values, why => why.Contains(named, StringComparison.Ordinal));
        Assert.Equal("50", (await after.RowsAsync("SELECT count() FROM usage_events")).Single());
    }

    [Fact]
    public async Task A_topic_that_was_made_anew_is_not_opened_and_not_counted()
    {
        Place place = await engines.NewPlaceAsync();
        await using (Pipeline before = await Pipeline.StartAsync(place))
        {
            await before.AppendAsync([Sent.Use("e", 1)]);
            await before.SettleAsync();
            await using NpgsqlDataSource source = NpgsqlDataSource.Create(place.Postgres);
            await source.CreateCommand("update log_topic set broker_topic_id = 'another'").ExecuteNonQueryAsync();

            // A process that had opened it before.
            using IHost late = await before.JoinAsync("late");
            AggregatorStatus status = late.Services.GetRequiredService<AggregatorStatus>();
            await WaitAsync(() => Task.FromResult(status.Stopped.Count > 0), before);
            Assert.Contains(status.Stopped.Values, why => why.Contains("the topic was made anew", StringComparison.Ordinal));
            await late.StopAsync();
        }

        TopicMismatchException refused = await Assert.ThrowsAsync<TopicMismatchException>(() => Pipeline.StartAsync(place));
        Assert.Contains("belongs to topic another: the topic was made anew", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Adopting_the_checkpoint_goes_on_exactly_after_PostgreSQL_came_from_a_backup()
    {
        Place place = await engines.NewPlaceAsync();
        Workload load = new(seed: 5);
        await using (Pipeline before = await Pipeline.StartAsync(place))
        {
            await MeterSetup.CreateAsync(before.Postgres, "total", Aggregation.Sum);
            for (int i = 0; i < 10; i++)
            {
                await before.AppendAsync(load.Next(50));
                await before.SettleAsync();
            }
        }

        await using (NpgsqlDataSource source = NpgsqlDataSource.Create(place.Postgres))
        {
            await source.CreateCommand("update partition_state set confirmed = 0, pend_lo = null, pend_hi = null, flush_no = 0, records = 0, clock = 'epoch' where part < 2; delete from seal").ExecuteNonQueryAsync();
        }

        await using Pipeline after = await Pipeline.StartAsync(place);
        AggregatorStatus status = after.Services.GetRequiredService<AggregatorStatus>();
        await WaitAsync(() => Task.FromResult(status.Stopped.Count > 0), after);
        await after.AppendAsync(load.Next(50));

        await after.Services.GetRequiredService<CheckpointRepair>().RunAsync(default);

        await after.SettleAsync();
        await CrashTests.AssertExactAsync(after, load);
    }

    [Fact]
    public async Task A_second_owner_takes_over_when_the_lease_has_run_out_and_fences_the_first()
    {
        Place place = await engines.NewPlaceAsync();
        await using Pipeline pipeline = await Pipeline.StartAsync(place, configure: options => options.Lease = TimeSpan.FromSeconds(2));
        await pipeline.AppendAsync([Sent.Use("e1", 1)]);
        await pipeline.SettleAsync();
        PartitionStore rival = new(pipeline.Postgres, pipeline.Log.Generation, new AggregatorOptions { Owner = "rival", CacheDirectory = "x" });
        Assert.Empty(await rival.AcquireAsync([], 3, default));

        await pipeline.Postgres.Source.CreateCommand("update partition_state set lease_until = now() - interval '1 second'").ExecuteNonQueryAsync();
        IReadOnlyList<PartitionState> taken = await rival.AcquireAsync([], 3, default);

        Assert.Equal([0, 1, 2], taken.Select(state => state.Part));
        FlushStep stale = new(0, taken[0].Epoch - 1, taken[0].Confirmed + 1, taken[0].Confirmed + 1, taken[0].FlushNo + 1, 1, DateTimeOffset.UtcNow);
        Assert.Empty(await rival.BeginAsync([stale], default));
        Assert.Single(await rival.BeginAsync([stale with { Epoch = taken[0].Epoch }], default));
        Assert.Empty(await rival.ConfirmAsync([stale], default));
    }

    private static async Task WaitAsync(Func<Task<bool>> condition, Pipeline pipeline)
    {
        for (int i = 0; i < 900 && !await condition(); i++)
        {
            await Task.Delay(100);
        }

        Assert.True(await condition(), TestLog.Instance.Tail());
        Assert.NotNull(pipeline);
    }
}
