using Metering.Aggregator.Engine.Meters;
using Metering.Aggregator.Generations;
using Metering.Aggregator.Tests.Harness;
using Metering.EventLog;
using Metering.Storage.Postgres.Generations;
using Xunit;

namespace Metering.Aggregator.Tests;

/// <summary>A log that gets more partitions: what was counted stays counted once, whichever topic its copies and corrections come by.</summary>
public sealed class GrowthTests(Engines engines)
{
    [Fact]
    public async Task Copies_and_corrections_across_growths_count_once()
    {
        Place place = await engines.NewPlaceAsync();
        Workload load = new(seed: 21);
        foreach (int partitions in new[] { 3, 7 })
        {
            await using Pipeline pipeline = await Pipeline.StartAsync(place);
            if (partitions == 3)
            {
                await MeterSetup.CreateAsync(pipeline.Postgres, "total", Aggregation.Sum);
                await MeterSetup.CreateAsync(pipeline.Postgres, "last", Aggregation.Latest);
            }

            await pipeline.AppendAsync(load.Next(300));
            await pipeline.SettleAsync();
            await GrowAsync(pipeline, partitions);
        }

        Directory.Delete(Path.Combine(place.Folder, Pipeline.Owner, "dedup"), recursive: true);
        await using Pipeline last = await Pipeline.StartAsync(place);
        Assert.Equal(7, last.Topic.PartitionCount);
        await last.AppendAsync(load.Next(300));
        await last.SettleAsync();
        await CrashTests.AssertExactAsync(last, load);
        Assert.Equal("0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12", string.Join('\n', await last.RowsAsync("SELECT part FROM flush_mark FINAL ORDER BY part")));
    }

    [Fact]
    public async Task What_still_reaches_the_old_topic_is_moved_and_counts_once()
    {
        Place place = await engines.NewPlaceAsync();
        Workload load = new(seed: 22);
        await using (Pipeline outgrown = await Pipeline.StartAsync(place))
        {
            await MeterSetup.CreateAsync(outgrown.Postgres, "total", Aggregation.Sum);
            await outgrown.AppendAsync(load.Next(200));
            await outgrown.SettleAsync();
            await outgrown.AppendAsync(load.Next(50));
            await GrowAsync(outgrown, 5);
            await outgrown.AppendAsync(load.Next(150));
        }

        await using Pipeline grown = await Pipeline.StartAsync(place);
        await MovedAsync(grown);
        await grown.AppendAsync(load.Next(100));
        await grown.SettleAsync();
        await CrashTests.AssertExactAsync(grown, load);
    }

    [Fact]
    public async Task A_meter_made_after_the_growth_counts_what_came_before_it()
    {
        Place place = await engines.NewPlaceAsync();
        Workload load = new(seed: 23);
        await using (Pipeline outgrown = await Pipeline.StartAsync(place))
        {
            await outgrown.AppendAsync(load.Next(200));
            await outgrown.SettleAsync();
            await GrowAsync(outgrown, 3);
        }

        await using Pipeline grown = await Pipeline.StartAsync(place);
        await grown.AppendAsync(load.Next(100));
        await grown.SettleAsync();
        await MeterSetup.CreateAsync(grown.Postgres, "total", Aggregation.Sum);
        await grown.AppendAsync(load.Next(100));
        await grown.SettleAsync();
        await CrashTests.AssertExactAsync(grown, load);
    }

    [Fact]
    public async Task A_partition_that_nothing_came_to_yet_is_no_finding()
    {
        Place place = await engines.NewPlaceAsync();
        await using (Pipeline outgrown = await Pipeline.StartAsync(place))
        {
            await outgrown.AppendAsync([Sent.Use("e1", 1)]);
            await outgrown.SettleAsync();
            await GrowAsync(outgrown, 5);
        }

        await using Pipeline grown = await Pipeline.StartAsync(place, configure: options => options.TickInterval = TimeSpan.FromMinutes(1));
        await SaidAsync("Took partitions 2, 3, 4, 5, 6, 7");
        Assert.Equal(0, await grown.PostgresAsync<long>("select sum(flush_no)::bigint from partition_state where part > 2"));
        Assert.Empty((await grown.AuditAsync()).Findings);
    }

    [Theory]
    [InlineData(Moment.Before)]
    [InlineData(Moment.After)]
    public async Task Dying_while_a_grown_log_is_taken_over_loses_and_doubles_nothing(Moment moment)
    {
        Place place = await engines.NewPlaceAsync();
        Workload load = new(seed: 24);
        await using (Pipeline outgrown = await Pipeline.StartAsync(place))
        {
            await MeterSetup.CreateAsync(outgrown.Postgres, "total", Aggregation.Sum);
            await outgrown.AppendAsync(load.Next(100));
            await outgrown.SettleAsync();
            await GrowAsync(outgrown, 3);
        }

        for (int life = 1; life <= 40; life += 3)
        {
            FaultyTransport transport = new() { FaultAt = life, Moment = moment, Crashes = true };
            await using Pipeline dying = await Pipeline.StartAsync(place, transport);
            DateTimeOffset deadline = TimeProvider.System.GetUtcNow().AddSeconds(15);
            while (transport.FaultHit is null && TimeProvider.System.GetUtcNow() < deadline)
            {
                await dying.AppendAsync(load.Next(10));
                await Task.Delay(30);
            }

            Assert.NotNull(transport.FaultHit);
        }

        await using Pipeline last = await Pipeline.StartAsync(place);
        await last.SettleAsync();
        await CrashTests.AssertExactAsync(last, load);
    }

    [Fact]
    public async Task It_only_grows_and_only_when_nothing_is_stopped()
    {
        Place place = await engines.NewPlaceAsync();
        await using Pipeline pipeline = await Pipeline.StartAsync(place);
        await pipeline.AppendAsync([Sent.Use("e1", 1)]);
        await pipeline.SettleAsync();
        Assert.Contains("only grow", await RefusalAsync(pipeline, Pipeline.Partitions), StringComparison.Ordinal);

        await pipeline.Postgres.Source.CreateCommand("update partition_state set stopped = 'for a test' where part = 1").ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        Assert.Contains("Partition 1 is stopped: for a test", await RefusalAsync(pipeline, 4), StringComparison.Ordinal);

        await pipeline.Postgres.Source.CreateCommand("update partition_state set stopped = null where part = 1").ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        await using ITopic foreign = await pipeline.Log.Log.OpenAsync(new TopicSpec("usage.events.2", 5), TestContext.Current.CancellationToken);
        using AppendBatch batch = new();
        Sent.Use("e2", 1).AddTo(batch, 5);
        await foreign.AppendAsync(batch, TestContext.Current.CancellationToken);
        Assert.Contains("has records", await RefusalAsync(pipeline, 5), StringComparison.Ordinal);
        Assert.Contains("5 partitions, not 4", await RefusalAsync(pipeline, 4), StringComparison.Ordinal);
        Assert.Equal(1, (await new LogGenerations(pipeline.Postgres).NewestAsync(default))!.Number);
    }

    [Fact]
    public async Task A_process_of_the_old_generation_stops_and_says_so()
    {
        Place place = await engines.NewPlaceAsync();
        await using Pipeline pipeline = await Pipeline.StartAsync(place, configure: options => options.Lease = TimeSpan.FromSeconds(2));
        await pipeline.AppendAsync([Sent.Use("e1", 1)]);
        await pipeline.SettleAsync();
        await GrowAsync(pipeline, 4);
        await SaidAsync("the log has grown since");
    }

    [Fact]
    public async Task A_PostgreSQL_from_before_the_growth_is_a_named_stop_that_no_repair_overrules()
    {
        Place place = await engines.NewPlaceAsync();
        await using (Pipeline outgrown = await Pipeline.StartAsync(place))
        {
            await outgrown.AppendAsync([Sent.Use("e1", 1)]);
            await outgrown.SettleAsync();
            await GrowAsync(outgrown, 4);
        }

        await using (Pipeline grown = await Pipeline.StartAsync(place))
        {
            await grown.AppendAsync([Sent.Use("e2", 1)]);
            await grown.SettleAsync();
            await grown.Postgres.Source.CreateCommand(
                "delete from log_topic where generation = 2; update log_topic set moved = null; delete from partition_state where part > 2; update partition_state set clock = 'epoch' where part < 2")
                .ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        }

        await using Pipeline restored = await Pipeline.StartAsync(place);
        await SaidAsync("from before the log grew");
        Partitions.CheckpointRepair repair = Microsoft.Extensions.DependencyInjection.ServiceProviderServiceExtensions.GetRequiredService<Partitions.CheckpointRepair>(restored.Services);
        await Assert.ThrowsAsync<Partitions.PartitionStoppedException>(() => repair.RunAsync(default));
    }

    private static Task<LogGeneration> GrowAsync(Pipeline pipeline, int partitions) =>
        new Growth(pipeline.Log, pipeline.Postgres, TimeProvider.System).RunAsync(partitions, _ => { }, default);

    private static async Task<string> RefusalAsync(Pipeline pipeline, int partitions) =>
        (await Assert.ThrowsAsync<GrowthRefusedException>(() => GrowAsync(pipeline, partitions))).Message;

    /// <summary>Waits until everything in the closed topics is moved.</summary>
    private static async Task MovedAsync(Pipeline pipeline)
    {
        DateTimeOffset deadline = TimeProvider.System.GetUtcNow().AddSeconds(30);
        foreach (ClosedGeneration closed in await new LogGenerations(pipeline.Postgres).ClosedAsync(default))
        {
            await using ITopic old = await pipeline.Log.Log.OpenAsync(new TopicSpec(closed.Generation.Topic, closed.Generation.Partitions), default);
            for (int partition = 0; partition < old.PartitionCount; partition++)
            {
                long high = (await old.GetRangeAsync(partition, default)).High;
                while (await pipeline.PostgresAsync<long>($"select moved[{partition + 1}] from log_topic where generation = {closed.Generation.Number}") + 1 < high)
                {
                    Assert.True(TimeProvider.System.GetUtcNow() < deadline, TestLog.Instance.Tail());
                    await Task.Delay(50);
                }
            }
        }
    }

    private static async Task SaidAsync(string why)
    {
        DateTimeOffset deadline = TimeProvider.System.GetUtcNow().AddSeconds(20);
        while (!TestLog.Instance.Tail().Contains(why, StringComparison.Ordinal))
        {
            Assert.True(TimeProvider.System.GetUtcNow() < deadline, TestLog.Instance.Tail());
            await Task.Delay(50);
        }
    }
}
