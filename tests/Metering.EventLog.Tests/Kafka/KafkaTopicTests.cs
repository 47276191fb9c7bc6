using Metering.EventLog.Kafka;
using Metering.Testing.Kafka;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Metering.EventLog.Tests.Kafka;

/// <summary>Opening: every stop has a name and says what to do.</summary>
public sealed class KafkaTopicTests
{
    private static readonly KafkaEventLogOptions s_options = new() { BootstrapServers = "one:9092" };
    private static readonly TopicSpec s_spec = new("usage.events", 4, TimeSpan.FromDays(7), RetentionBytes: 4000);

    [Fact]
    public void A_topic_as_we_make_it_passes() => TopicSettings.Check(s_spec, s_options, TopicSettings.ForNew(s_spec, s_options));

    [Theory]
    [InlineData("message.timestamp.type", "CreateTime", "LogAppendTime")]
    [InlineData("min.insync.replicas", "1", "2")]
    [InlineData("unclean.leader.election.enable", "true", "false")]
    [InlineData("max.message.bytes", "1048588", "1052672")]
    [InlineData("cleanup.policy", "compact", "delete")]
    [InlineData("retention.ms", "604799999", "604800000")]
    public void A_setting_that_breaks_a_promise_is_named_with_its_remedy(string name, string value, string wanted)
    {
        Dictionary<string, string> actual = TopicSettings.ForNew(s_spec, s_options);
        actual[name] = value;
        TopicMismatchException e = Assert.Throws<TopicMismatchException>(() => TopicSettings.Check(s_spec, s_options, actual));
        Assert.Contains($"{name}={value}", e.Message, StringComparison.Ordinal);
        Assert.Contains($"kafka-configs.sh --bootstrap-server one:9092 --alter --entity-type topics --entity-name usage.events --add-config {name}={wanted}", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("min.insync.replicas", "3")]
    [InlineData("max.message.bytes", "20000000")]
    [InlineData("retention.ms", "-1")]
    [InlineData("retention.ms", "604800001")]
    [InlineData("retention.bytes", "5")]
    public void A_setting_that_promises_more_or_nothing_passes(string name, string value)
    {
        Dictionary<string, string> actual = TopicSettings.ForNew(s_spec, s_options);
        actual[name] = value;
        TopicSettings.Check(s_spec, s_options, actual);
    }

    [Fact]
    public void Records_that_are_kept_for_ever_need_a_topic_that_keeps_them()
    {
        Dictionary<string, string> actual = TopicSettings.ForNew(s_spec, s_options);
        Assert.Throws<TopicMismatchException>(() => TopicSettings.Check(s_spec with { Retention = default }, s_options, actual));
    }

    [Fact]
    public void Bytes_kept_are_shared_by_the_partitions() => Assert.Equal("1000", TopicSettings.ForNew(s_spec, s_options)["retention.bytes"]);

    [Fact]
    public async Task A_missing_topic_comes_with_the_command_that_makes_it()
    {
        using MockCluster cluster = new();
        await using KafkaEventLog log = Open(MockOptions.For(cluster));
        EventLogUnavailableException e = await Assert.ThrowsAsync<EventLogUnavailableException>(() => log.OpenAsync(s_spec, default));
        Assert.Contains("kafka-topics.sh", e.Message, StringComparison.Ordinal);
        Assert.Contains("--config message.timestamp.type=LogAppendTime", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true, false, nameof(KafkaEventLogOptions.CreateTopics))]
    [InlineData(false, true, nameof(KafkaEventLogOptions.CheckTopics))]
    public async Task A_cluster_that_refuses_an_administrators_request_is_named_with_the_option(bool create, bool check, string option)
    {
        using MockCluster cluster = new();
        if (!create)
        {
            cluster.CreateTopic(s_spec.Name, s_spec.Partitions);
        }

        await using KafkaEventLog log = Open(new KafkaEventLogOptions { BootstrapServers = cluster.BootstrapServers, CreateTopics = create, CheckTopics = check });
        EventLogUnavailableException e = await Assert.ThrowsAsync<EventLogUnavailableException>(() => log.OpenAsync(s_spec, default));
        Assert.Contains(option, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_topic_ids_a_topic_is_known_by_its_cluster_and_name()
    {
        using MockCluster cluster = new();
        cluster.HideTopicIds();
        cluster.CreateTopic(s_spec.Name, s_spec.Partitions);
        await using KafkaEventLog log = Open(MockOptions.For(cluster));
        string id = (await log.OpenAsync(s_spec, default)).Id;
        Assert.EndsWith("/usage.events", id, StringComparison.Ordinal);
        Assert.StartsWith("mockCluster", id, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Brokers_that_do_not_answer_are_named()
    {
        using MockCluster cluster = new();
        cluster.GoDown();
        await using KafkaEventLog log = Open(new KafkaEventLogOptions { BootstrapServers = cluster.BootstrapServers, RequestTimeout = TimeSpan.FromSeconds(1) });
        EventLogUnavailableException e = await Assert.ThrowsAsync<EventLogUnavailableException>(() => log.OpenAsync(s_spec, default));
        Assert.Contains(cluster.BootstrapServers, e.Message, StringComparison.Ordinal);
    }

    private static KafkaEventLog Open(KafkaEventLogOptions options) => KafkaEventLog.Open(options, TimeProvider.System, NullLoggerFactory.Instance);
}
