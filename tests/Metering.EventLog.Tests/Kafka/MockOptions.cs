using Metering.EventLog.Kafka;
using Metering.Testing.Kafka;

namespace Metering.EventLog.Tests.Kafka;

internal static class MockOptions
{
    public static KafkaEventLogOptions For(MockCluster cluster, TimeSpan? deliveryTimeout = null, int queuedRecords = 200_000) => new()
    {
        BootstrapServers = cluster.BootstrapServers,

        // The mock answers neither request.
        CreateTopics = false,
        CheckTopics = false,

        // The mock does not end a fetch's wait when records come.
        FetchWait = TimeSpan.FromMilliseconds(20),
        DeliveryTimeout = deliveryTimeout ?? TimeSpan.FromSeconds(20),
        QueuedRecords = queuedRecords,
    };
}
