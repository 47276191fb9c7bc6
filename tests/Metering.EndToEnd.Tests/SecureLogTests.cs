using Metering.Contracts;
using Metering.EndToEnd.Tests.Load;
using Metering.EndToEnd.Tests.Model;
using Metering.EndToEnd.Tests.Running;
using Metering.Testing.Kafka.Topics;
using Xunit;

namespace Metering.EndToEnd.Tests;

/// <summary>Roles in processes of their own over brokers that encrypt and ask who is there, given by environment variables only.</summary>
public class SecureLogTests(ITestOutputHelper output)
{
    private const int Seed = 79;
    private const int CannotRun = 2;
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(25);
    private static readonly TimeSpan s_load = TimeSpan.FromSeconds(4);
    private static readonly TestMeter s_meter = new("tokens", "SUM", MadeEvent.Type, "tokens", "model");

    [Fact]
    public async Task Roles_make_the_topic_and_count_every_event_once_and_one_with_a_wrong_password_ends_and_says_why()
    {
        using SecureLog log = new();
        await using MeteringCluster cluster = await MeteringCluster.StartAsync(log: log);
        (int exitCode, string errors) = await cluster.RunToExitAsync(
            new() { ["METERING_Kafka__Security__Password"] = "wrong" }, "serve", "--roles", "ingest", "--http", "127.0.0.1:0", "--grpc", "127.0.0.1:0");
        output.WriteLine(errors);
        Assert.Equal(CannotRun, exitCode);
        Assert.Contains("Check Security.Username and Security.Password.", errors, StringComparison.Ordinal);

        await Task.WhenAll(cluster.AddIngestAsync(), cluster.AddAggregatorAsync());
        NewTopic made = Assert.Single(log.Broker.Topics.Made);
        Assert.Equal((Topics.UsageEvents, MeteringCluster.Partitions, 3), (made.Name, made.Partitions, made.Replicas));
        using MeteringClient client = await cluster.NewClientAsync();
        await client.CreateMeterAsync(s_meter);
        SentRecords records = new();
        using CancellationTokenSource stop = new();
        HttpSender sender = new(client, records, new EventMaker("http", Seed), Seed, s_pause);
        Task load = sender.RunAsync(stop.Token);
        await Task.Delay(s_load);
        await stop.CancelAsync();
        await load;

        await client.SettleAsync();
        List<StoredEvent> stored = await StoredEvent.ReadAsync(client);
        KillTests.AssertStored(records, stored);
        await UsageModel.AssertEqualAsync(client, s_meter, StoredEvent.Effective(stored));
        Assert.Empty(log.Broker.Violations);
        output.WriteLine($"sent {records.Sent}, acknowledged {records.Acknowledged}, stored {stored.Count}, authentications {log.Broker.Authentications}");
    }
}
