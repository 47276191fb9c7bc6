using System.Text;
using Confluent.Kafka;
using Metering.Contracts;
using Metering.EndToEnd.Tests.Running;
using static Metering.EndToEnd.Tests.Faults.Striking;

namespace Metering.EndToEnd.Tests.Faults;

/// <summary>Kafka that is away, slow, refuses, or holds what is no record.</summary>
internal static class BrokerFaults
{
    public static IReadOnlyList<FaultRow> Rows { get; } =
    [
        FaultRow.OnCluster("B1", "brokers away", "every connection broken and refused, 5 s", cluster => ForAsync(5, cluster.Broker!.GoDown, cluster.Broker!.ComeUp)),
        FaultRow.OnCluster("B2", "broker errors", "NOT_LEADER, NOT_ENOUGH_REPLICAS, timeouts, ten of each", BrokerErrorsAsync),
        FaultRow.OnCluster("B3", "brokers slow", "400 ms more for every answer, 6 s", cluster => ForAsync(6, () => cluster.Broker!.SetRoundTrip(TimeSpan.FromMilliseconds(400)), () => cluster.Broker!.SetRoundTrip(TimeSpan.Zero))),
        FaultRow.OnCluster("B6", "poison", "garbage, an unknown version, text and nothing, in every partition", PoisonAsync),
    ];

    private static async Task<Strike> BrokerErrorsAsync(MeteringCluster cluster)
    {
        foreach (ErrorCode error in new[] { ErrorCode.NotLeaderForPartition, ErrorCode.NotEnoughReplicas, ErrorCode.NotEnoughReplicasAfterAppend, ErrorCode.RequestTimedOut })
        {
            cluster.Broker!.FailProduce([.. Enumerable.Repeat(error, 10)]);
            await Task.Delay(TimeSpan.FromSeconds(2));
        }

        cluster.Broker!.ProduceAgain();
        return new Strike(40);
    }

    private static async Task<Strike> PoisonAsync(MeteringCluster cluster)
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

        return new Strike(MeteringCluster.Partitions * poison.Length);
    }
}
