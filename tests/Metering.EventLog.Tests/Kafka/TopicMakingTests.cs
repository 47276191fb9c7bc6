using Confluent.Kafka;
using Metering.EventLog.Kafka;
using Metering.Testing.Kafka;
using Metering.Testing.Kafka.Edge;
using Metering.Testing.Kafka.Topics;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Metering.EventLog.Tests.Kafka;

/// <summary>Topics are made by the client and checked by the broker's word, over the wire.</summary>
public sealed class TopicMakingTests(ITestOutputHelper output) : IAsyncDisposable
{
    private static readonly TopicSpec s_spec = new("usage.events", 4, TimeSpan.FromDays(7), RetentionBytes: 4000);

    private readonly MockCluster _cluster = new(brokers: 3, new BrokerEdge { MakesTopics = true });
    private readonly List<KafkaEventLog> _logs = [];

    [Fact]
    public async Task A_missing_topic_is_made_as_the_options_say_and_found_again()
    {
        string made = (await Open().OpenAsync(s_spec, default)).Id;
        NewTopic asked = Assert.Single(_cluster.Topics.Made);
        Assert.Equal(("usage.events", 4, 3), (asked.Name, asked.Partitions, asked.Replicas));
        Dictionary<string, string> settings = new()
        {
            ["cleanup.policy"] = "delete",
            ["max.message.bytes"] = "1052672",
            ["message.timestamp.type"] = "LogAppendTime",
            ["min.insync.replicas"] = "2",
            ["retention.bytes"] = "1000",
            ["retention.ms"] = "604800000",
            ["unclean.leader.election.enable"] = "false",
        };
        Assert.Equal(settings, asked.Settings.OrderBy(one => one.Key).ToDictionary());

        Assert.Equal(made, (await Open().OpenAsync(s_spec with { MustExist = true }, default)).Id);
        Assert.Single(_cluster.Topics.Made);
    }

    [Theory]
    [InlineData("message.timestamp.type", "CreateTime", "LogAppendTime")]
    [InlineData("min.insync.replicas", "1", "2")]
    [InlineData("unclean.leader.election.enable", "true", "false")]
    [InlineData("max.message.bytes", "1048588", "1052672")]
    [InlineData("cleanup.policy", "compact", "delete")]
    [InlineData("retention.ms", "604799999", "604800000")]
    public async Task A_setting_that_was_changed_since_is_refused_with_the_command_that_puts_it_right(string name, string value, string wanted)
    {
        await Open().OpenAsync(s_spec, default);
        _cluster.Topics.Alter(s_spec.Name, name, value);
        TopicMismatchException e = await Assert.ThrowsAsync<TopicMismatchException>(() => Open().OpenAsync(s_spec, default));
        output.WriteLine(e.Message);
        Assert.Contains($"{name}={value}", e.Message, StringComparison.Ordinal);
        Assert.EndsWith($"--add-config {name}={wanted}", e.Message, StringComparison.Ordinal);

        _cluster.Topics.Alter(s_spec.Name, name, wanted);
        await Open().OpenAsync(s_spec, default);
    }

    [Fact]
    public async Task A_topic_that_somebody_made_without_settings_is_refused()
    {
        _cluster.CreateTopic(s_spec.Name, s_spec.Partitions);
        TopicMismatchException e = await Assert.ThrowsAsync<TopicMismatchException>(() => Open().OpenAsync(s_spec, default));
        Assert.Contains("message.timestamp.type=CreateTime", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_topic_of_another_partition_count_is_refused_with_both_counts()
    {
        await Open().OpenAsync(s_spec with { Partitions = 3 }, default);
        TopicMismatchException e = await Assert.ThrowsAsync<TopicMismatchException>(() => Open().OpenAsync(s_spec, default));
        output.WriteLine(e.Message);
        Assert.Contains("'usage.events' has 3 partitions, not 4", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ErrorCode.TopicAuthorizationFailed)]
    [InlineData(ErrorCode.ClusterAuthorizationFailed)]
    public async Task Without_the_right_to_make_topics_the_option_and_the_command_are_named(ErrorCode refusal)
    {
        _cluster.Topics.MakingRefused = refusal;
        EventLogUnavailableException e = await Assert.ThrowsAsync<EventLogUnavailableException>(() => Open().OpenAsync(s_spec, default));
        output.WriteLine(e.Message);
        Assert.Contains(refusal.ToString(), e.Message, StringComparison.Ordinal);
        Assert.Contains(nameof(KafkaEventLogOptions.CreateTopics), e.Message, StringComparison.Ordinal);
        Assert.Contains("kafka-topics.sh", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task More_replicas_than_brokers_are_refused_with_the_option_and_the_brokers_words()
    {
        using MockCluster alone = new(brokers: 1, new BrokerEdge { MakesTopics = true });
        EventLogUnavailableException e = await Assert.ThrowsAsync<EventLogUnavailableException>(() => Open(alone).OpenAsync(s_spec, default));
        output.WriteLine(e.Message);
        Assert.Contains("only 1 broker(s) are registered", e.Message, StringComparison.Ordinal);
        Assert.Contains(nameof(ErrorCode.InvalidReplicationFactor), e.Message, StringComparison.Ordinal);
        Assert.Contains(nameof(KafkaEventLogOptions.ReplicationFactor), e.Message, StringComparison.Ordinal);
        Assert.Empty(alone.Topics.Made);
    }

    [Fact]
    public async Task Without_the_right_to_see_settings_the_option_is_named()
    {
        _cluster.Topics.DescribingRefused = ErrorCode.TopicAuthorizationFailed;
        EventLogUnavailableException e = await Assert.ThrowsAsync<EventLogUnavailableException>(() => Open().OpenAsync(s_spec, default));
        output.WriteLine(e.Message);
        Assert.Contains(nameof(ErrorCode.TopicAuthorizationFailed), e.Message, StringComparison.Ordinal);
        Assert.Contains(nameof(KafkaEventLogOptions.CheckTopics), e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_the_right_to_see_the_topic_the_right_is_named()
    {
        _cluster.CreateTopic(s_spec.Name, s_spec.Partitions);
        _cluster.HideTopic(s_spec.Name, ErrorCode.TopicAuthorizationFailed);
        EventLogUnavailableException e = await Assert.ThrowsAsync<EventLogUnavailableException>(() => Open().OpenAsync(s_spec, default));
        output.WriteLine(e.Message);
        Assert.Contains(nameof(ErrorCode.TopicAuthorizationFailed), e.Message, StringComparison.Ordinal);
        Assert.Contains("Allow Describe", e.Message, StringComparison.Ordinal);
    }

    /// <summary>It names a group because the client insists on one, and joins none.</summary>
    [Fact]
    public async Task Reading_needs_no_right_to_a_group()
    {
        _cluster.RefuseGroups();
        ITopic topic = await Open().OpenAsync(s_spec, default);
        using AppendBatch batch = new();
        batch.EndRecord(0);
        await topic.AppendAsync(batch, default);
        await using ILogReader reader = await topic.OpenReaderAsync([new PartitionOffset(0, 0)], default);
        Assert.Single(await reader.ReadAsync(10, 1000, TimeSpan.FromSeconds(20), default));
        Assert.Empty(await reader.ReadAsync(10, 1000, TimeSpan.FromSeconds(3), default));
    }

    /// <summary>Both found it missing; the other's request arrives first.</summary>
    [Fact]
    public async Task Two_processes_that_make_it_at_once_get_the_same_topic()
    {
        string other = "";
        _cluster.Topics.BeforeMaking = name =>
        {
            _cluster.Topics.BeforeMaking = null;
            other = Open().OpenAsync(s_spec, default).GetAwaiter().GetResult().Id;
        };
        string own = (await Open().OpenAsync(s_spec, default)).Id;
        Assert.Equal((other, 1, 1), (own, _cluster.Topics.Made.Count, _cluster.Topics.MadeTwice));
    }

    [Fact]
    public async Task Two_processes_that_make_it_at_once_with_different_counts_do_not_both_get_it()
    {
        _cluster.Topics.BeforeMaking = name =>
        {
            _cluster.Topics.BeforeMaking = null;
            Open().OpenAsync(s_spec with { Partitions = 8 }, default).GetAwaiter().GetResult();
        };
        await Assert.ThrowsAsync<TopicMismatchException>(() => Open().OpenAsync(s_spec, default));
        Assert.Equal(1, _cluster.Topics.MadeTwice);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (KafkaEventLog log in _logs)
        {
            await log.DisposeAsync();
        }

        Assert.Empty(_cluster.Violations);
        _cluster.Dispose();
    }

    private KafkaEventLog Open(MockCluster? cluster = null)
    {
        KafkaEventLog log = KafkaEventLog.Open(MockOptions.Complete(cluster ?? _cluster), TimeProvider.System, NullLoggerFactory.Instance);
        _logs.Add(log);
        return log;
    }
}
