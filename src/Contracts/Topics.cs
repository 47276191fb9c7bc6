namespace Metering.Contracts;

public static class Topics
{
    /// <summary>Usage events, their corrections, ticks and rejections, partitioned by <see cref="EventIdentity"/>.</summary>
    public const string UsageEvents = "usage.events";

    /// <summary>Partitions of <see cref="UsageEvents"/> on the embedded log. The count of a topic never changes.</summary>
    public const int EmbeddedPartitions = 4;

    /// <summary>Partitions of <see cref="UsageEvents"/> on Kafka: the most aggregators that can share the work.</summary>
    public const int KafkaPartitions = 32;

    /// <summary>What happened in billing: the messages of the outbox, partitioned by <see cref="BillingMessage.Partition"/>.</summary>
    public const string BillingEvents = "billing.events";

    /// <summary>Partitions of <see cref="BillingEvents"/>.</summary>
    public const int BillingPartitions = 4;
}
