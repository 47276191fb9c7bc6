using System.Net;
using Metering.Testing.Kafka;
using Metering.Testing.Kafka.Edge;
using Metering.Testing.Kafka.Sasl;
using Metering.Testing.Kafka.Tls;

namespace Metering.EndToEnd.Tests.Running;

/// <summary>Brokers that encrypt, ask who is there, and make topics when they are asked.</summary>
internal sealed class SecureLog : IDisposable
{
    private const string User = "metering", Password = "pencil";

    private readonly TestAuthority _authority = new();

    public SecureLog()
    {
        ScramSecrets users = new(ScramSecrets.Sha512, new Dictionary<string, string> { [User] = Password });
        Broker = new MockCluster(brokers: 3, new BrokerEdge
        {
            Certificate = _authority.ForServer(IPAddress.Loopback),
            Sasl = new Dictionary<string, Func<ISaslExchange>> { [users.Mechanism] = () => new ScramExchange(users) },
            MakesTopics = true,
        });
        Settings = new Dictionary<string, string>
        {
            ["METERING_Kafka__BootstrapServers"] = Broker.BootstrapServers,
            ["METERING_Kafka__Security__Tls"] = "true",
            ["METERING_Kafka__Security__CaLocation"] = _authority.File,
            ["METERING_Kafka__Security__Sasl"] = "ScramSha512",
            ["METERING_Kafka__Security__Username"] = User,
            ["METERING_Kafka__Security__Password"] = Password,
        };
    }

    /// <summary>Ends with the deployment that uses it.</summary>
    public MockCluster Broker { get; }

    /// <summary>The environment of a process that the brokers let in.</summary>
    public IReadOnlyDictionary<string, string> Settings { get; }

    public void Dispose() => _authority.Dispose();
}
