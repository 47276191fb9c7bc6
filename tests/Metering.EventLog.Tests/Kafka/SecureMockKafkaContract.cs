using System.Net;
using Metering.EventLog.Kafka;
using Metering.Testing.Kafka;
using Metering.Testing.Kafka.Edge;
using Metering.Testing.Kafka.Sasl;
using Metering.Testing.Kafka.Tls;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Metering.EventLog.Tests.Kafka;

/// <summary>The contract over TLS and SCRAM-SHA-512, with topics that the client makes and checks, as in production.</summary>
public sealed class SecureMockKafkaContract : EventLogContract
{
    private const string User = "metering", Password = "pencil";

    private readonly TestAuthority _authority = new();
    private readonly MockCluster _cluster;

    public SecureMockKafkaContract()
    {
        ScramSecrets users = new(ScramSecrets.Sha512, new Dictionary<string, string> { [User] = Password });
        _cluster = new MockCluster(brokers: 3, new BrokerEdge
        {
            Certificate = _authority.ForServer(IPAddress.Loopback),
            Sasl = new Dictionary<string, Func<ISaslExchange>> { [users.Mechanism] = () => new ScramExchange(users) },
            MakesTopics = true,
        });
    }

    protected override int MaxRecordBytes => 1 << 20;

    protected override Task<IEventLog> OpenLogAsync()
    {
        KafkaSecurityOptions security = new()
        {
            Tls = true, CaLocation = _authority.File, Sasl = KafkaSasl.ScramSha512, Username = User, Password = Password,
        };
        return Task.FromResult<IEventLog>(KafkaEventLog.Open(MockOptions.Complete(_cluster, security), TimeProvider.System, NullLoggerFactory.Instance));
    }

    protected override Task DeleteTopicAsync(string name)
    {
        _cluster.DeleteTopic(name);
        return Task.CompletedTask;
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        Assert.Empty(_cluster.Violations);
        _cluster.Dispose();
        _authority.Dispose();
    }
}
