using Metering.EventLog.Kafka;
using Metering.Testing.Kafka;

namespace Metering.EventLog.Tests.Kafka;

internal static class MockOptions
{
    // The mock does not end a fetch's wait when records come.
    private static readonly TimeSpan s_fetchWait = TimeSpan.FromMilliseconds(20);

    public static KafkaEventLogOptions For(MockCluster cluster, TimeSpan? deliveryTimeout = null, int queuedRecords = 200_000) => new()
    {
        BootstrapServers = cluster.BootstrapServers,

        // The mock alone answers neither request.
        CreateTopics = false,
        CheckTopics = false,
        FetchWait = s_fetchWait,
        DeliveryTimeout = deliveryTimeout ?? TimeSpan.FromSeconds(20),
        QueuedRecords = queuedRecords,
    };

    /// <summary>As in production: topics are made, and checked.</summary>
    public static KafkaEventLogOptions Complete(MockCluster cluster, KafkaSecurityOptions? security = null, short replicas = 3) => new()
    {
        BootstrapServers = cluster.BootstrapServers,
        Security = security ?? new KafkaSecurityOptions(),
        ReplicationFactor = replicas,
        MinInSyncReplicas = Math.Min((int)replicas, 2),
        FetchWait = s_fetchWait,
        RequestTimeout = TimeSpan.FromSeconds(5),
    };
}
