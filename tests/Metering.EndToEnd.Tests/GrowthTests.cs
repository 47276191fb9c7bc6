using System.Globalization;
using Metering.EndToEnd.Tests.Load;
using Metering.EndToEnd.Tests.Model;
using Metering.EndToEnd.Tests.Running;
using Xunit;

namespace Metering.EndToEnd.Tests;

/// <summary>The log gets more partitions while processes ingest and count: nobody has to be stopped, and every acknowledged event counts once.</summary>
public class GrowthTests(ITestOutputHelper output)
{
    private const int Seed = 78;
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(25);
    private static readonly TimeSpan s_load = TimeSpan.FromSeconds(4);

    private static readonly TestMeter[] s_meters =
    [
        new("tokens", "SUM", MadeEvent.Type, "tokens", "model"),
        new("users", "UNIQUE_COUNT", MadeEvent.Type, "user"),
    ];

    [Fact]
    public async Task Grown_twice_under_load_the_log_counts_every_event_once()
    {
        await using MeteringCluster cluster = await MeteringCluster.StartAsync();
        await Task.WhenAll(cluster.AddIngestAsync(), cluster.AddIngestAsync(), cluster.AddAggregatorAsync(), cluster.AddAggregatorAsync());
        using MeteringClient client = await cluster.NewClientAsync();
        using MeteringClient other = await cluster.NewClientAsync(1);
        foreach (TestMeter meter in s_meters)
        {
            await client.CreateMeterAsync(meter);
        }

        SentRecords records = new();
        using CancellationTokenSource stop = new();
        HttpSender[] senders = [.. new[] { client, client, other }.Select((to, i) => new HttpSender(to, records, new EventMaker($"http-{i}", Seed + i), Seed + i, s_pause))];
        Task load = Task.WhenAll(senders.Select(sender => sender.RunAsync(stop.Token)));
        foreach ((int generation, int partitions) in new[] { (2, 8), (3, 11) })
        {
            await Task.Delay(s_load);
            output.WriteLine(await cluster.GrowAsync(generation, partitions));
            TimeSpan took = await Eventually.TrueAsync(async () => (await cluster.OwnedAsync()).Sum() == partitions + 1, "the new partitions are owned");
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"owned after {took.TotalSeconds:N1} s"));
        }

        await Task.Delay(s_load);
        await stop.CancelAsync();
        await load;
        await client.SettleAsync();
        List<StoredEvent> stored = await StoredEvent.ReadAsync(client);
        KillTests.AssertStored(records, stored);
        IReadOnlyList<StoredEvent> effective = StoredEvent.Effective(stored);
        foreach (TestMeter meter in s_meters)
        {
            await UsageModel.AssertEqualAsync(client, meter, effective);
        }

        output.WriteLine((await client.AuditAsync()).ToString());
        output.WriteLine($"sent {records.Sent}, acknowledged {records.Acknowledged}, stored {stored.Count}, in doubt {senders.Sum(sender => sender.InDoubt)}");
    }
}
