using System.Globalization;

namespace Metering.Testing.Kafka.Topics;

/// <summary>One setting that a topic may have.</summary>
/// <param name="Name">As brokers know it.</param>
/// <param name="Default">What a topic has that was made without it, on a broker whose own settings are the defaults.</param>
/// <param name="Takes">Which values brokers accept.</param>
internal sealed record TopicSetting(string Name, string Default, Func<string, bool> Takes)
{
    private const string Longest = "9223372036854775807";

    /// <summary>Those of Kafka 4.1 without the ones of tiered storage and throttled replicas, in the order of the manual.</summary>
    public static IReadOnlyDictionary<string, TopicSetting> All { get; } = new TopicSetting[]
    {
        new("cleanup.policy", "delete", value => value.Split(',').All(one => one.Trim() is "delete" or "compact")),
        new("compression.type", "producer", value => value is "uncompressed" or "zstd" or "lz4" or "snappy" or "gzip" or "producer"),
        new("delete.retention.ms", "86400000", AtLeast(0)),
        new("file.delete.delay.ms", "60000", AtLeast(0)),
        new("flush.messages", Longest, AtLeast(1)),
        new("flush.ms", Longest, AtLeast(0)),
        new("index.interval.bytes", "4096", AtLeast(0)),
        new("max.compaction.lag.ms", Longest, AtLeast(1)),
        new("max.message.bytes", "1048588", AtLeast(0)),
        new("message.timestamp.after.max.ms", "3600000", AtLeast(0)),
        new("message.timestamp.before.max.ms", Longest, AtLeast(0)),
        new("message.timestamp.type", "CreateTime", value => value is "CreateTime" or "LogAppendTime"),
        new("min.cleanable.dirty.ratio", "0.5", value => double.TryParse(value, CultureInfo.InvariantCulture, out double ratio) && ratio is >= 0 and <= 1),
        new("min.compaction.lag.ms", "0", AtLeast(0)),
        new("min.insync.replicas", "1", AtLeast(1)),
        new("preallocate", "false", IsBoolean),
        new("retention.bytes", "-1", AtLeast(long.MinValue)),
        new("retention.ms", "604800000", AtLeast(-1)),
        new("segment.bytes", "1073741824", AtLeast(1 << 20)),
        new("segment.index.bytes", "10485760", AtLeast(4)),
        new("segment.jitter.ms", "0", AtLeast(0)),
        new("segment.ms", "604800000", AtLeast(1)),
        new("unclean.leader.election.enable", "false", IsBoolean),
    }.ToDictionary(one => one.Name);

    private static Func<string, bool> AtLeast(long least) => value => long.TryParse(value, CultureInfo.InvariantCulture, out long number) && number >= least;

    private static bool IsBoolean(string value) => value is "true" or "false";
}
