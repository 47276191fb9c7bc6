using System.Net;
using Metering.EventLog.Kafka;
using Metering.Testing.Kafka;
using Metering.Testing.Kafka.Edge;
using Metering.Testing.Kafka.Tls;
using Xunit;

namespace Metering.EventLog.Tests.Kafka;

/// <summary>Encrypted connections: whom the client believes, whom the brokers believe, and what is said when one does not.</summary>
public sealed class TlsTests : IDisposable
{
    private readonly TestAuthority _authority = new();

    [Fact]
    public async Task A_broker_of_our_authority_is_believed()
    {
        using MockCluster cluster = new(3, Edge());
        await Opening.SucceedsAsync(cluster, new KafkaSecurityOptions { Tls = true, CaLocation = _authority.File });
        Assert.Empty(cluster.Violations);
    }

    [Fact]
    public async Task A_broker_of_an_unknown_authority_is_not()
    {
        using TestAuthority other = new("Another CA");
        using MockCluster cluster = new(1, Edge());
        string e = await Opening.FailsAsync(cluster, new KafkaSecurityOptions { Tls = true, CaLocation = other.File });
        Assert.Contains("Security.CaLocation", e, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_broker_of_another_name_is_not()
    {
        using MockCluster cluster = new(1, Edge() with { Certificate = _authority.ForServer("kafka.example") });
        string e = await Opening.FailsAsync(cluster, new KafkaSecurityOptions { Tls = true, CaLocation = _authority.File });
        Assert.Contains("BootstrapServers", e, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_broker_whose_certificate_has_expired_is_not()
    {
        using MockCluster cluster = new(1, Edge() with { Certificate = _authority.ExpiredForServer(IPAddress.Loopback) });
        string e = await Opening.FailsAsync(cluster, new KafkaSecurityOptions { Tls = true, CaLocation = _authority.File });
        Assert.Contains("has expired", e, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("secret")]
    public async Task A_client_shows_the_certificate_that_brokers_ask_for(string? password)
    {
        (string certificate, string key) = _authority.ForClient("metering", password);
        using MockCluster cluster = new(1, Edge() with { ClientAuthority = _authority.Certificate });
        await Opening.SucceedsAsync(cluster, new KafkaSecurityOptions
        {
            Tls = true, CaLocation = _authority.File, CertificateLocation = certificate, KeyLocation = key, KeyPassword = password,
        });
    }

    [Fact]
    public async Task A_client_without_one_is_told()
    {
        using MockCluster cluster = new(1, Edge() with { ClientAuthority = _authority.Certificate });
        string e = await Opening.FailsAsync(cluster, new KafkaSecurityOptions { Tls = true, CaLocation = _authority.File });
        Assert.Contains("Security.CertificateLocation", e, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_client_of_another_authority_is_told()
    {
        using TestAuthority other = new("Another CA");
        (string certificate, string key) = other.ForClient("metering");
        using MockCluster cluster = new(1, Edge() with { ClientAuthority = _authority.Certificate });
        string e = await Opening.FailsAsync(cluster, new KafkaSecurityOptions { Tls = true, CaLocation = _authority.File, CertificateLocation = certificate, KeyLocation = key });
        Assert.Contains("Security.CertificateLocation", e, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Encrypting_to_brokers_that_do_not_is_told()
    {
        using MockCluster cluster = new(1, new BrokerEdge { MakesTopics = true });
        string e = await Opening.FailsAsync(cluster, new KafkaSecurityOptions { Tls = true, CaLocation = _authority.File });
        Assert.Contains("Security.Tls=false", e, StringComparison.Ordinal);
        Assert.All(cluster.Violations, one => Assert.StartsWith("A frame of", one, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Not_encrypting_to_brokers_that_do_is_told()
    {
        using MockCluster cluster = new(1, Edge());
        string e = await Opening.FailsAsync(cluster, new KafkaSecurityOptions());
        Assert.Contains("Security.Tls=true", e, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("nowhere.pem", null, null, null, "CaLocation")]
    [InlineData(null, "nowhere.pem", null, "secret", "CertificateLocation")]
    [InlineData(null, null, "nowhere.key", "secret", "KeyLocation")]
    [InlineData(null, null, null, null, "KeyPassword")]
    [InlineData(null, null, null, "wrong", "KeyPassword")]
    [InlineData(null, "other", null, "secret", "is not the key of Security.CertificateLocation")]
    public async Task Files_that_do_not_fit_stop_the_start(string? ca, string? certificate, string? key, string? password, string named)
    {
        (string ownCertificate, string ownKey) = _authority.ForClient("metering", "secret");
        KafkaSecurityOptions security = new()
        {
            Tls = true,
            CaLocation = ca ?? _authority.File,
            CertificateLocation = certificate == "other" ? _authority.ForClient("other").Certificate : certificate ?? ownCertificate,
            KeyLocation = key ?? ownKey,
            KeyPassword = password,
        };
        using MockCluster cluster = new(1, Edge());
        EventLogUnavailableException e = await Assert.ThrowsAsync<EventLogUnavailableException>(() => Opening.SucceedsAsync(cluster, security));
        TestContext.Current.TestOutputHelper!.WriteLine(e.Message);
        Assert.Contains(named, e.Message, StringComparison.Ordinal);
    }

    public void Dispose() => _authority.Dispose();

    private BrokerEdge Edge() => new() { MakesTopics = true, Certificate = _authority.ForServer(IPAddress.Loopback) };
}
