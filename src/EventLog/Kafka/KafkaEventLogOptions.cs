namespace Metering.EventLog.Kafka;

/// <summary>Which Kafka cluster holds the log, and how much this process may use for it. All properties can be bound from configuration.</summary>
public sealed class KafkaEventLogOptions
{
    /// <summary>What a batch of one record takes beyond its value, generously.</summary>
    private const int FramingBytes = 4096;

    /// <summary>Brokers to begin with, <c>host:port</c>, separated by commas. Required.</summary>
    public string BootstrapServers { get; init; } = "";

    /// <summary>The name brokers see in their logs and quotas. Default <c>metering</c>.</summary>
    public string ClientId { get; init; } = "metering";

    /// <summary>Encryption and authentication. Default: neither.</summary>
    public KafkaSecurityOptions Security { get; init; } = new();

    /// <summary>Whether a topic that is missing is made. Default true; false where topics are made by whoever runs the cluster.</summary>
    public bool CreateTopics { get; init; } = true;

    /// <summary>
    /// Whether the settings of a topic are checked when it is opened: append time, in-sync replicas, elections, record size, retention. Default
    /// true. False is for a cluster that refuses to describe them; then its operator answers for them, and a wrong one loses usage silently.
    /// </summary>
    public bool CheckTopics { get; init; } = true;

    /// <summary>Replicas of topics made here, 1 to 9. Default 3; one broker alone needs 1.</summary>
    public short ReplicationFactor { get; init; } = 3;

    /// <summary>
    /// <c>min.insync.replicas</c> of topics made here and the least that is accepted of others: how many brokers have a record when it is
    /// acknowledged. 1 to <see cref="ReplicationFactor"/>. Default 2, so that no single broker's death loses an acknowledged record.
    /// </summary>
    public int MinInSyncReplicas { get; init; } = 2;

    /// <summary>The largest value of a record, bytes, 1 to 16 MiB. A larger one is refused. Default 1 MiB.</summary>
    public int MaxRecordBytes { get; init; } = 1 << 20;

    /// <summary>How batches are compressed. Default <see cref="KafkaCompression.Zstd"/>; Lz4 takes less time and more space.</summary>
    public KafkaCompression Compression { get; init; } = KafkaCompression.Zstd;

    /// <summary>How long a batch waits for more records, 0 to 1 s. Default 5 ms: it is part of the time of every append.</summary>
    public TimeSpan Linger { get; init; } = TimeSpan.FromMilliseconds(5);

    /// <summary>A batch is sent at this size, bytes before compression, 1 KiB to 16 MiB. Default 1 MiB.</summary>
    public int BatchBytes { get; init; } = 1 << 20;

    /// <summary>Records that may wait in this process for their delivery, 1 to 10 million. Default 200,000. More: see <see cref="DeliveryTimeout"/>.</summary>
    public int QueuedRecords { get; init; } = 200_000;

    /// <summary>The same in bytes, 1 MiB to 2 GiB. Default 128 MiB.</summary>
    public long QueuedBytes { get; init; } = 128L << 20;

    /// <summary>
    /// How long a record may take from the queue to its delivery, all retries included, before it is refused; 1 s to 10 min. Default 20 s. Before
    /// that, a batch waits for room in the queue for a quarter of it at most. Keep the sum below the ingest role's <c>PublishTimeout</c>: a refusal
    /// says what became of each record, a timeout there leaves the whole batch in doubt.
    /// </summary>
    public TimeSpan DeliveryTimeout { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>How long one request to a broker may take before it is repeated or, when it asks about topics, given up; 1 s to 4 min. Default 10 s.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Bytes that a reader fetches ahead, 1 MiB to 2 GiB. Default 64 MiB. When they are there and nobody reads, nothing more is fetched. Each broker
    /// may overshoot it by one answer of at most a quarter of it, compressed.
    /// </summary>
    public long PrefetchBytes { get; init; } = 64L << 20;

    /// <summary>How long a broker holds an answer back when there is nothing new, 1 ms to 30 s. Default 500 ms. New records end the wait.</summary>
    public TimeSpan FetchWait { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>How long a batch waits for room in the queue before the rest of it is refused.</summary>
    internal TimeSpan QueueTimeout => DeliveryTimeout / 4;

    /// <summary>The largest batch that can come about: one record, or many up to a batch.</summary>
    internal int MaxBatchBytes => Math.Max(MaxRecordBytes, BatchBytes) + FramingBytes;

    internal void Validate()
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(BootstrapServers);
        ArgumentException.ThrowIfNullOrWhiteSpace(ClientId);
        Require(ReplicationFactor is >= 1 and <= 9, nameof(ReplicationFactor), "must be from 1 to 9");
        Require(MinInSyncReplicas >= 1 && MinInSyncReplicas <= ReplicationFactor, nameof(MinInSyncReplicas), "must be from 1 to ReplicationFactor");
        Require(MaxRecordBytes is >= 1 and <= 16 << 20, nameof(MaxRecordBytes), "must be from 1 to 16 MiB");
        Require(Enum.IsDefined(Compression), nameof(Compression), "must be None, Lz4 or Zstd");
        RequireTime(Linger, TimeSpan.Zero, TimeSpan.FromSeconds(1), nameof(Linger));
        Require(BatchBytes is >= 1 << 10 and <= 16 << 20, nameof(BatchBytes), "must be from 1 KiB to 16 MiB");
        Require(QueuedRecords is >= 1 and <= 10_000_000, nameof(QueuedRecords), "must be from 1 to 10000000");
        Require(QueuedBytes is >= 1L << 20 and <= 2L << 30, nameof(QueuedBytes), "must be from 1 MiB to 2 GiB");
        RequireTime(DeliveryTimeout, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(10), nameof(DeliveryTimeout));
        RequireTime(RequestTimeout, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(4), nameof(RequestTimeout));
        Require(PrefetchBytes is >= 1L << 20 and <= 2L << 30, nameof(PrefetchBytes), "must be from 1 MiB to 2 GiB");
        RequireTime(FetchWait, TimeSpan.FromMilliseconds(1), TimeSpan.FromSeconds(30), nameof(FetchWait));
        Security.Validate();
    }

    internal static void Require(bool holds, string option, string rule)
    {
        if (!holds)
        {
            throw new ArgumentException($"{nameof(KafkaEventLogOptions)}.{option} {rule}.");
        }
    }

    private static void RequireTime(TimeSpan value, TimeSpan least, TimeSpan most, string option) =>
        Require(value >= least && value <= most, option, $"must be from {least:c} to {most:c}");
}

public enum KafkaCompression
{
    None,
    Lz4,
    Zstd,
}
