using System.Globalization;
using Metering.EndToEnd.Tests.Load;
using Metering.EndToEnd.Tests.Model;
using Metering.EndToEnd.Tests.Running;
using Xunit;

namespace Metering.EndToEnd.Tests;

/// <summary>Roles in processes of their own over Kafka: whatever happens to them under load, every acknowledged event counts once.</summary>
public class ClusterTests(ITestOutputHelper output)
{
    private const int Seed = 77;
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(25);

    private static readonly TestMeter[] s_meters =
    [
        new("tokens", "SUM", MadeEvent.Type, "tokens", "model"),
        new("users", "UNIQUE_COUNT", MadeEvent.Type, "user"),
        new("largest", "MAX", MadeEvent.Type, "tokens"),
    ];

    private static readonly TestMeter s_addedUnderLoad = new("newest", "LATEST", MadeEvent.Type, "tokens");

    [Fact]
    public async Task Killed_paused_and_joined_by_others_under_load_the_processes_count_every_event_once()
    {
        await using MeteringCluster cluster = await MeteringCluster.StartAsync();
        await Task.WhenAll(cluster.AddIngestAsync(), cluster.AddIngestAsync());
        await Task.WhenAll(cluster.AddAggregatorAsync(), cluster.AddAggregatorAsync());
        using MeteringClient client = await cluster.NewClientAsync();
        using MeteringClient other = await cluster.NewClientAsync(1);
        foreach (TestMeter meter in s_meters)
        {
            await client.CreateMeterAsync(meter);
        }

        SentRecords records = new();
        using CancellationTokenSource stop = new();
        HttpSender[] senders = [.. new[] { client, client, other }.Select((to, i) => new HttpSender(to, records, new EventMaker($"http-{i}", Seed + i), Seed + i, s_pause))];
        Task[] load = [.. senders.Select(sender => sender.RunAsync(stop.Token))];
        await DisturbAsync(cluster, client);
        await stop.CancelAsync();
        await Task.WhenAll(load);

        await SettleAsync(cluster, client);
        List<StoredEvent> stored = await StoredEvent.ReadAsync(client);
        KillTests.AssertStored(records, stored);
        IReadOnlyList<StoredEvent> effective = StoredEvent.Effective(stored);
        foreach (TestMeter meter in s_meters.Append(s_addedUnderLoad))
        {
            await UsageModel.AssertEqualAsync(client, meter, effective);
        }

        output.WriteLine((await client.AuditAsync()).ToString());
        output.WriteLine($"sent {records.Sent}, acknowledged {records.Acknowledged}, stored {stored.Count}, in doubt {senders.Sum(sender => sender.InDoubt)}");
    }

    private async Task SettleAsync(MeteringCluster cluster, MeteringClient client)
    {
        try
        {
            await client.SettleAsync();
        }
        catch
        {
            cluster.Aggregators.ForEach(one => output.WriteLine($"{one.Http}: {one.Errors}"));
            throw;
        }
    }

    private async Task DisturbAsync(MeteringCluster cluster, MeteringClient client)
    {
        await OwnedAsync(cluster, "two start", 4, 3);
        await cluster.AddAggregatorAsync();
        await OwnedAsync(cluster, "a third joins", 3, 2, 2);

        await cluster.Aggregators[0].KillAsync();
        await OwnedAsync(cluster, "one is killed", 4, 3);
        await cluster.Aggregators[0].StartAgainAsync();
        await OwnedAsync(cluster, "it is back", 3, 2, 2);

        // Longer than its lease: the others take over, and it must not know better when it wakes up.
        cluster.Aggregators[1].Pause();
        await OwnedAsync(cluster, "one sleeps", 4, 3);
        await client.CreateMeterAsync(s_addedUnderLoad);
        cluster.Aggregators[1].Continue();
        await OwnedAsync(cluster, "it wakes up", 3, 2, 2);

        await cluster.Ingests[0].KillAsync();
        await cluster.Ingests[0].StartAgainAsync();
        cluster.Broker?.GoDown();
        await Task.Delay(TimeSpan.FromSeconds(2));
        cluster.Broker?.ComeUp();
        await Task.Delay(TimeSpan.FromSeconds(1));

        (int exitCode, TimeSpan took) = await cluster.Aggregators[2].StopAsync();
        Assert.Equal(0, exitCode);
        cluster.Aggregators.RemoveAt(2);
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"one is stopped, which takes {took.TotalSeconds:N1} s"));
        await OwnedAsync(cluster, "it is stopped", 4, 3);
    }

    private async Task OwnedAsync(MeteringCluster cluster, string after, params int[] counts)
    {
        int[] owned = [];
        TimeSpan took = await Eventually.TrueAsync(async () => (owned = await cluster.OwnedAsync()).SequenceEqual(counts), $"the partitions are shared as {string.Join(' ', counts)} after {after}");
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{after}: shared as {string.Join(' ', owned)} after {took.TotalSeconds:N1} s"));
    }
}
