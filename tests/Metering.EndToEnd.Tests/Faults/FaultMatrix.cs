using System.Text;
using Confluent.Kafka;
using Metering.Contracts;
using Metering.EndToEnd.Tests.Running;

namespace Metering.EndToEnd.Tests.Faults;

/// <summary>The faults that are rehearsed on the real processes.</summary>
internal static class FaultMatrix
{
    private static readonly TimeSpan s_moment = TimeSpan.FromMilliseconds(700);

    public static IReadOnlyList<FaultRow> Rows { get; } =
    [
        new("K1", "ingest killed", "SIGKILL to each ingesting process, five times, under load", cluster => RepeatAsync(5, i => KillAsync(cluster.Ingests[i % 2]))),
        new("K2", "aggregator killed", "SIGKILL to an aggregator that owns partitions, at eight moments; it starts again", cluster => RepeatAsync(8, i => KillOwnerAsync(cluster, i))),
        new("B1", "brokers away", "every connection broken and refused, 5 s", cluster => ForAsync(5, cluster.Broker!.GoDown, cluster.Broker!.ComeUp)),
        new("B2", "broker errors", "NOT_LEADER, NOT_ENOUGH_REPLICAS, timeouts, ten of each", BrokerErrorsAsync),
        new("B3", "brokers slow", "400 ms more for every answer, 6 s", cluster => ForAsync(6, () => cluster.Broker!.SetRoundTrip(TimeSpan.FromMilliseconds(400)), () => cluster.Broker!.SetRoundTrip(TimeSpan.Zero))),
        new("B4", "owners come and go", "a third aggregator joins and leaves every 2 s, four times", ComeAndGoAsync),
        new("B5", "zombie", "SIGSTOP to an aggregator for three leases, then SIGCONT", cluster => ForAsync(9, cluster.Aggregators[0].Pause, cluster.Aggregators[0].Continue)),
        new("B6", "poison", "garbage, an unknown version, text and nothing, in every partition", PoisonAsync),
        new("C1", "ClickHouse killed", "SIGKILL to the engine, twice; it is started again", cluster => RepeatAsync(2, _ => KillEngineAsync(cluster.ClickHouseProcess))),
        new("C2", "ClickHouse hangs", "SIGSTOP to the engine for 8 s", cluster => ForAsync(8, () => MeteringProcess.Pause(cluster.ClickHouseProcess), () => MeteringProcess.Continue(cluster.ClickHouseProcess))),
        new("C3", "ClickHouse's answers lost", "the connection broken instead of an answer, forty times", cluster => LoseAsync(cluster.ClickHouseRoad, 40)),
        new("P1", "PostgreSQL killed", "SIGKILL to the server, twice; it is started again", cluster => RepeatAsync(2, _ => KillEngineAsync(cluster.PostgresProcess))),
        new("P3", "PostgreSQL's answers lost", "the connection broken instead of an answer, also to COMMIT, forty times", cluster => LoseAsync(cluster.PostgresRoad, 40)),
        new("N1", "the road to ClickHouse blocked", "connections open, nothing passes, 8 s", cluster => ForAsync(8, cluster.ClickHouseRoad.Block, cluster.ClickHouseRoad.Mend)),
        new("N2", "PostgreSQL away", "every connection broken and refused, 8 s: longer than two leases", cluster => ForAsync(8, cluster.PostgresRoad.Cut, cluster.PostgresRoad.Mend)),
        new("N3", "PostgreSQL slow", "150 ms more in each direction, 8 s", cluster => ForAsync(8, () => cluster.PostgresRoad.Delay = TimeSpan.FromMilliseconds(150), () => cluster.PostgresRoad.Delay = TimeSpan.Zero)),
    ];

    private static async Task RepeatAsync(int times, Func<int, Task> breakOnce)
    {
        for (int i = 0; i < times; i++)
        {
            await breakOnce(i);
            await Task.Delay(s_moment);
        }
    }

    private static async Task ForAsync(int seconds, Action begin, Action end)
    {
        begin();
        await Task.Delay(TimeSpan.FromSeconds(seconds));
        end();
    }

    private static async Task KillAsync(MeteringProcess process)
    {
        await process.KillAsync();
        await process.StartAgainAsync();
    }

    private static async Task KillOwnerAsync(MeteringCluster cluster, int time)
    {
        await Eventually.TrueAsync(async () => (await cluster.OwnedAsync()).Length == 2, "both aggregators own partitions");
        await Task.Delay(TimeSpan.FromMilliseconds(37 * time));
        await KillAsync(cluster.Aggregators[time % 2]);
    }

    /// <summary>Its supervisor starts it again.</summary>
    private static async Task KillEngineAsync(int processId)
    {
        MeteringProcess.Kill(processId);
        await Task.Delay(TimeSpan.FromSeconds(3));
    }

    private static async Task LoseAsync(FaultProxy road, int answers)
    {
        for (int lost = 0; lost < answers; lost++)
        {
            road.LoseAnswers(1);
            await Task.Delay(100);
        }

        road.LoseAnswers(0);
    }

    private static async Task BrokerErrorsAsync(MeteringCluster cluster)
    {
        foreach (ErrorCode error in new[] { ErrorCode.NotLeaderForPartition, ErrorCode.NotEnoughReplicas, ErrorCode.NotEnoughReplicasAfterAppend, ErrorCode.RequestTimedOut })
        {
            cluster.Broker!.FailProduce([.. Enumerable.Repeat(error, 10)]);
            await Task.Delay(TimeSpan.FromSeconds(2));
        }

        cluster.Broker!.ProduceAgain();
    }

    private static async Task ComeAndGoAsync(MeteringCluster cluster)
    {
        for (int i = 0; i < 4; i++)
        {
            await cluster.AddAggregatorAsync();
            await Task.Delay(TimeSpan.FromSeconds(2));
            await cluster.Aggregators[^1].StopAsync();
            cluster.Aggregators.RemoveAt(cluster.Aggregators.Count - 1);
        }
    }

    private static async Task PoisonAsync(MeteringCluster cluster)
    {
        using IProducer<Null, byte[]> stranger = new ProducerBuilder<Null, byte[]>(new ProducerConfig { BootstrapServers = cluster.BootstrapServers }).Build();
        byte[][] poison = [[], [0], [0xff, 0xfe], Encoding.UTF8.GetBytes("{\"text\":\"no record\"}"), [0x08, 0x63, 0x10, 0x01]];
        for (int part = 0; part < MeteringCluster.Partitions; part++)
        {
            foreach (byte[] value in poison)
            {
                await stranger.ProduceAsync(new TopicPartition(Topics.UsageEvents, part), new Message<Null, byte[]> { Value = value });
            }
        }
    }
}
