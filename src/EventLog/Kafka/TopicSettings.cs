using System.Globalization;
using Confluent.Kafka;

namespace Metering.EventLog.Kafka;

/// <summary>The settings of a topic on which the log's promises rest: what a new topic gets, and what an existing one must have.</summary>
internal static class TopicSettings
{
    private const string TimestampType = "message.timestamp.type";
    private const string LogAppendTime = "LogAppendTime";
    private const string MinInSync = "min.insync.replicas";
    private const string UncleanElection = "unclean.leader.election.enable";
    private const string MaxBatch = "max.message.bytes";
    private const string CleanupPolicy = "cleanup.policy";
    private const string RetentionMs = "retention.ms";
    private const string RetentionBytes = "retention.bytes";
    private const long ForEver = -1;

    public static Dictionary<string, string> ForNew(TopicSpec spec, KafkaEventLogOptions options) => new()
    {
        [TimestampType] = LogAppendTime,
        [MinInSync] = Text(options.MinInSyncReplicas),
        [UncleanElection] = "false",
        [MaxBatch] = Text(options.MaxBatchBytes),
        [CleanupPolicy] = "delete",
        [RetentionMs] = Text(RetentionOf(spec)),

        // Kafka counts per partition.
        [RetentionBytes] = Text(spec.RetentionBytes == 0 ? ForEver : Math.Max(1, spec.RetentionBytes / spec.Partitions)),
    };

    /// <summary>How many bytes are kept is the operator's business, as the disks are; how long is what a reader that was away relies on.</summary>
    /// <exception cref="TopicMismatchException">A setting breaks a promise. The message has the command that puts it right.</exception>
    public static void Check(TopicSpec spec, KafkaEventLogOptions options, IReadOnlyDictionary<string, string> actual)
    {
        Dictionary<string, string> wanted = ForNew(spec, options);
        Require(TimestampType, value => value == LogAppendTime, "the time of a record must be the broker's, because retention and seals go by it");
        Require(MinInSync, value => Number(value) >= options.MinInSyncReplicas, "an acknowledged record must survive the loss of a broker");
        Require(UncleanElection, value => value == "false", "an election must not drop acknowledged records");
        Require(MaxBatch, value => Number(value) >= options.MaxBatchBytes, "batches and records of the configured size must be accepted");
        Require(CleanupPolicy, value => value == "delete", "records have no key, and none replaces another");
        Require(RetentionMs, value => KeepsLongEnough(Number(value), RetentionOf(spec)), "records must be kept as long as configured");

        void Require(string name, Func<string, bool> holds, string because)
        {
            string value = actual.GetValueOrDefault(name, "unknown");
            if (!holds(value))
            {
                throw new TopicMismatchException(
                    $"Topic '{spec.Name}' has {name}={value}: {because}. Put it right with: kafka-configs.sh {Connect(options)} " +
                    $"--alter --entity-type topics --entity-name {spec.Name} --add-config {name}={wanted[name]}");
            }
        }
    }

    /// <summary>What to do when the cluster does not make the topic.</summary>
    public static string CreateRemedy(ErrorCode refusal, TopicSpec spec, KafkaEventLogOptions options) => refusal switch
    {
        ErrorCode.InvalidReplicationFactor =>
            $"Give the cluster {options.ReplicationFactor} brokers, or set {nameof(options.ReplicationFactor)} and {nameof(options.MinInSyncReplicas)} to what it can hold.",
        _ => $"Allow Create on it, or set {nameof(options.CreateTopics)} to false and have it made by somebody who may: {CreateCommand(spec, options)}",
    };

    /// <summary>The command that makes the topic by hand.</summary>
    public static string CreateCommand(TopicSpec spec, KafkaEventLogOptions options) =>
        $"kafka-topics.sh {Connect(options)} --create --topic {spec.Name} --partitions {spec.Partitions} " +
        $"--replication-factor {options.ReplicationFactor} {string.Join(' ', ForNew(spec, options).Select(one => $"--config {one.Key}={one.Value}"))}";

    // The tools take how to encrypt and who one is from a file.
    private static string Connect(KafkaEventLogOptions options) =>
        $"--bootstrap-server {options.BootstrapServers}{(options.Security is { Tls: false, Sasl: KafkaSasl.None } ? "" : " --command-config client.properties")}";

    private static bool KeepsLongEnough(long actual, long wanted) => actual == ForEver || (wanted != ForEver && actual >= wanted);

    private static long RetentionOf(TopicSpec spec) => spec.Retention == TimeSpan.Zero ? ForEver : (long)spec.Retention.TotalMilliseconds;

    private static long Number(string value) => long.TryParse(value, CultureInfo.InvariantCulture, out long number) ? number : long.MinValue;

    private static string Text(long value) => value.ToString(CultureInfo.InvariantCulture);
}
