using System.Net.Sockets;
using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Metering.Testing.Kafka;
using Metering.Testing.Kafka.Edge;
using Metering.Testing.Kafka.Sasl;
using Xunit;

namespace Metering.EventLog.Tests.Kafka;

/// <summary>The simulated edge is as strict as a broker's: otherwise what works with it would say little.</summary>
public sealed class EdgeTests : IDisposable
{
    private const short CreateTopics = 19, Metadata = 3, SaslHandshake = 17, SaslAuthenticate = 36;
    private static readonly Dictionary<string, string> s_users = new() { ["metering"] = "pencil" };

    private readonly MockCluster _open = new(1, new BrokerEdge { MakesTopics = true });

    [Theory]
    [InlineData("retention.hours", "1", ErrorCode.InvalidConfig)]
    [InlineData("retention.ms", "-2", ErrorCode.InvalidConfig)]
    [InlineData("retention.ms", "a week", ErrorCode.InvalidConfig)]
    [InlineData("message.timestamp.type", "logappendtime", ErrorCode.InvalidConfig)]
    [InlineData("cleanup.policy", "forget", ErrorCode.InvalidConfig)]
    [InlineData("min.insync.replicas", "0", ErrorCode.InvalidConfig)]
    [InlineData("retention.ms", "-1", ErrorCode.NoError)]
    [InlineData("cleanup.policy", "compact,delete", ErrorCode.NoError)]
    public async Task Settings_that_brokers_do_not_know_or_take_are_refused(string name, string value, ErrorCode expected)
    {
        Assert.Equal(expected, await CreateAsync(new TopicSpecification { Name = "t", NumPartitions = 1, ReplicationFactor = 1, Configs = new() { [name] = value } }));
        Assert.Empty(_open.Violations);
    }

    [Theory]
    [InlineData(0, 1, ErrorCode.InvalidPartitions)]
    [InlineData(1, 2, ErrorCode.InvalidReplicationFactor)]
    public async Task Counts_that_are_not_possible_are_refused(int partitions, short replicas, ErrorCode expected) =>
        Assert.Equal(expected, await CreateAsync(new TopicSpecification { Name = "t", NumPartitions = partitions, ReplicationFactor = replicas }));

    [Fact]
    public async Task A_topic_is_made_once()
    {
        TopicSpecification topic = new() { Name = "t", NumPartitions = 1, ReplicationFactor = 1 };
        Assert.Equal(ErrorCode.NoError, await CreateAsync(topic));
        Assert.Equal(ErrorCode.TopicAlreadyExists, await CreateAsync(topic));
    }

    [Fact]
    public async Task Settings_say_where_they_come_from()
    {
        await CreateAsync(new TopicSpecification { Name = "t", NumPartitions = 1, ReplicationFactor = 1, Configs = new() { ["retention.ms"] = "1000" } });
        using IAdminClient admin = Admin();
        DescribeConfigsResult found = Assert.Single(await admin.DescribeConfigsAsync([new ConfigResource { Type = ResourceType.Topic, Name = "t" }]));
        Assert.Equal(("1000", ConfigSource.DynamicTopicConfig), (found.Entries["retention.ms"].Value, found.Entries["retention.ms"].Source));
        Assert.Equal(("CreateTime", ConfigSource.DefaultConfig), (found.Entries["message.timestamp.type"].Value, found.Entries["message.timestamp.type"].Source));
        DescribeConfigsException e = await Assert.ThrowsAsync<DescribeConfigsException>(() => admin.DescribeConfigsAsync([new ConfigResource { Type = ResourceType.Topic, Name = "u" }]));
        Assert.Equal(ErrorCode.UnknownTopicOrPart, e.Results[0].Error.Code);
    }

    [Theory]
    [InlineData(CreateTopics, 5, "was not offered")]
    [InlineData(CreateTopics, 4, "ends before its end")]
    public async Task A_request_that_is_not_understood_ends_the_connection(short api, short version, string why) =>
        Assert.Contains(why, await ViolationAsync(_open, Request(api, version)), StringComparison.Ordinal);

    [Theory]
    [InlineData(Metadata, 1)]
    [InlineData(CreateTopics, 4)]
    [InlineData(SaslAuthenticate, 1)]
    public async Task Nothing_gets_in_before_its_client_has_said_who_it_is(short api, short version)
    {
        using MockCluster closed = new(1, Closed());
        Assert.Contains(api == SaslAuthenticate ? "without a handshake" : "has not authenticated", await ViolationAsync(closed, Request(api, version, 0, 0, 0, 0)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_handshake_alone_lets_nobody_in()
    {
        using MockCluster closed = new(1, Closed());
        Assert.Contains(
            "has not authenticated", await ViolationAsync(closed, [.. Request(SaslHandshake, 1, [0, 5, .. "PLAIN"u8]), .. Request(Metadata, 1, 0, 0, 0, 0)]), StringComparison.Ordinal);
        Assert.Equal(0, closed.Authentications);
    }

    [Fact]
    public async Task Who_does_not_say_it_again_in_time_is_cut_off()
    {
        using MockCluster closed = new(1, Closed() with { Reauthentication = TimeSpan.FromMinutes(1), Time = new HourAtEachLook() });
        byte[] plain = [0, .. "metering"u8, 0, .. "pencil"u8];
        Assert.Contains("has not authenticated again in time", await ViolationAsync(closed, [
            .. Request(SaslHandshake, 1, [0, 5, .. "PLAIN"u8]), .. Request(SaslAuthenticate, 1, [0, 0, 0, (byte)plain.Length, .. plain]), .. Request(Metadata, 1, 0, 0, 0, 0),
        ]), StringComparison.Ordinal);
        Assert.Equal(1, closed.Authentications);
    }

    public void Dispose() => _open.Dispose();

    private static BrokerEdge Closed() => new()
    {
        MakesTopics = true,
        Sasl = new Dictionary<string, Func<ISaslExchange>> { [PlainExchange.Name] = () => new PlainExchange(s_users) },
    };

    private IAdminClient Admin() => new AdminClientBuilder(new AdminClientConfig { BootstrapServers = _open.BootstrapServers }).Build();

    private async Task<ErrorCode> CreateAsync(TopicSpecification topic)
    {
        using IAdminClient admin = Admin();
        try
        {
            await admin.CreateTopicsAsync([topic]);
            return ErrorCode.NoError;
        }
        catch (CreateTopicsException e)
        {
            return e.Results[0].Error.Code;
        }
    }

    /// <summary>Its length, the request's kind and version, its number, a client without a name, and what it says.</summary>
    private static byte[] Request(short api, short version, params byte[] body) =>
        [0, 0, 0, (byte)(10 + body.Length), 0, (byte)api, 0, (byte)version, 0, 0, 0, 1, 0xFF, 0xFF, .. body];

    /// <summary>Sends it and reads until the broker closes the connection.</summary>
    private static async Task<string> ViolationAsync(MockCluster cluster, byte[] requests)
    {
        using TcpClient client = new();
        await client.ConnectAsync(System.Net.IPEndPoint.Parse(cluster.BootstrapServers), TestContext.Current.CancellationToken);
        NetworkStream stream = client.GetStream();
        await stream.WriteAsync(requests, TestContext.Current.CancellationToken);
        await stream.CopyToAsync(Stream.Null, TestContext.Current.CancellationToken);
        return Assert.Single(cluster.Violations);
    }

    private sealed class HourAtEachLook : TimeProvider
    {
        private int _looks;

        public override DateTimeOffset GetUtcNow() => DateTimeOffset.UnixEpoch.AddHours(Interlocked.Increment(ref _looks));
    }
}
