using Metering.Aggregator.Engine.Meters;
using Metering.Aggregator.Partitions;
using Metering.Aggregator.Tests.Harness;
using Metering.Storage.Postgres;
using Metering.Storage.Postgres.Generations;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Xunit;

namespace Metering.Aggregator.Tests;

/// <summary>Several aggregators share the partitions evenly, whoever comes and goes, and every event is still counted once.</summary>
public sealed class BalanceTests(Engines engines)
{
    private static readonly TimeSpan s_lease = TimeSpan.FromSeconds(2);

    [Fact]
    public async Task Aggregators_that_join_and_leave_under_load_share_the_partitions_and_count_exactly()
    {
        Place place = await engines.NewPlaceAsync();
        Workload load = new(seed: 23);
        await using Pipeline first = await Pipeline.StartAsync(place, configure: Configure);
        await MeterSetup.CreateAsync(first.Postgres, "total", Aggregation.Sum);
        using CancellationTokenSource enough = new();
        Task sending = SendAsync(first, load, enough.Token);

        IHost second = await first.JoinAsync("second", Configure);
        await OwnAsync([2, 1], first.Services, second.Services);
        IHost third = await first.JoinAsync("third", Configure);
        await OwnAsync([1, 1, 1], first.Services, second.Services, third.Services);
        IHost spare = await first.JoinAsync("waiting", Configure);
        await MeterSetup.CreateAsync(first.Postgres, "peak", Aggregation.Max);
        await StopAsync(second);
        await OwnAsync([1, 1, 1], first.Services, third.Services, spare.Services);
        await StopAsync(third);
        await StopAsync(spare);
        await OwnAsync([3], first.Services);

        await enough.CancelAsync();
        await sending;
        await first.SettleAsync();
        await CrashTests.AssertExactAsync(first, load);
    }

    [Theory]
    [InlineData(5, new[] { 5 })]
    [InlineData(5, new[] { 3, 2 })]
    [InlineData(5, new[] { 2, 2, 1 })]
    [InlineData(2, new[] { 1, 1, 0 })]
    public async Task The_shares_of_all_owners_add_up(int partitions, int[] shares)
    {
        Place place = await engines.NewPlaceAsync();
        await using PostgresDatabase postgres = new(place.Postgres);
        await postgres.MigrateAsync(default);
        PartitionStore[] owners = [.. shares.Select((_, i) => new PartitionStore(postgres, LogGeneration.First(partitions - 1), new AggregatorOptions { Owner = $"owner {i}", CacheDirectory = "x" }))];
        await owners[0].InitializeAsync("topic", default);
        foreach (PartitionStore owner in owners)
        {
            await owner.AnnounceAsync([], default);
        }

        List<int> found = [];
        foreach (PartitionStore owner in owners)
        {
            Balance balance = await owner.AnnounceAsync([], default);
            found.Add(balance.Share);
            Assert.Equal(balance.Share, (await owner.AcquireAsync([], balance.Share, default)).Count);
        }

        Assert.Equal(shares, found);
    }

    private static void Configure(AggregatorOptions options)
    {
        options.Lease = s_lease;
        options.DrainDeadline = TimeSpan.FromSeconds(10);
    }

    private static async Task SendAsync(Pipeline pipeline, Workload load, CancellationToken enough)
    {
        while (!enough.IsCancellationRequested)
        {
            await pipeline.AppendAsync(load.Next(20));
            await Task.Delay(20, CancellationToken.None);
        }
    }

    /// <summary>Waits until the aggregators own this many partitions, in any order, and no partition twice.</summary>
    private static async Task OwnAsync(int[] counts, params IServiceProvider[] aggregators)
    {
        IReadOnlyCollection<int>[] owned = [];
        for (int wait = 0; wait < 300; wait++)
        {
            owned = [.. aggregators.Select(one => one.GetRequiredService<AggregatorStatus>().Owned)];
            if (owned.Select(one => one.Count).OrderDescending().SequenceEqual(counts))
            {
                Assert.Equal(Pipeline.Partitions + 1, owned.SelectMany(one => one).Distinct().Count());
                return;
            }

            await Task.Delay(100);
        }

        Assert.Fail($"The partitions are owned as {string.Join(" | ", owned.Select(one => string.Join(",", one)))}. {TestLog.Instance.Tail()}");
    }

    private static async Task StopAsync(IHost aggregator)
    {
        await aggregator.StopAsync();
        aggregator.Dispose();
    }
}
