using Confluent.Kafka;
using Metering.EventLog.Kafka;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Metering.EventLog.Tests.Kafka;

/// <summary>Options are bound, checked, and mean what they say to the client.</summary>
public sealed class KafkaOptionsTests
{
    [Theory]
    [InlineData("BootstrapServers", "")]
    [InlineData("ReplicationFactor", "0")]
    [InlineData("MinInSyncReplicas", "4")]
    [InlineData("MaxRecordBytes", "0")]
    [InlineData("Compression", "7")]
    [InlineData("Linger", "00:00:02")]
    [InlineData("BatchBytes", "1")]
    [InlineData("QueuedRecords", "0")]
    [InlineData("QueuedBytes", "1")]
    [InlineData("DeliveryTimeout", "00:00:00.5")]
    [InlineData("RequestTimeout", "00:10:00")]
    [InlineData("PrefetchBytes", "1")]
    [InlineData("FetchWait", "00:00:00")]
    [InlineData("Security:CertificateLocation", "a.pem")]
    [InlineData("Security:CaLocation", "ca.pem")]
    [InlineData("Security:Sasl", "Plain")]
    [InlineData("Security:Sasl", "ScramSha512")]
    [InlineData("Security:Sasl", "OAuthBearer")]
    public void A_value_out_of_range_is_refused(string name, string value) =>
        Assert.Throws<ArgumentException>(Bind((name, value)).Validate);

    [Fact]
    public void The_defaults_are_safe()
    {
        KafkaEventLogOptions options = Bind();
        options.Validate();
        ProducerConfig producer = ClientConfigs.Producer(options);
        Assert.Equal((true, Acks.All, CompressionType.Zstd), (producer.EnableIdempotence, producer.Acks, producer.CompressionType));
        ConsumerConfig consumer = ClientConfigs.Consumer(options);
        Assert.Equal((false, AutoOffsetReset.Error), (consumer.EnableAutoCommit, consumer.AutoOffsetReset));
        Assert.Equal(65536, consumer.QueuedMaxMessagesKbytes);
        Assert.Equal(SecurityProtocol.Plaintext, consumer.SecurityProtocol);
    }

    [Fact]
    public void Scram_over_tls_reaches_the_client()
    {
        KafkaEventLogOptions options = Bind(
            ("Security:Tls", "true"), ("Security:CaLocation", "ca.pem"), ("Security:Sasl", "ScramSha256"), ("Security:Username", "me"), ("Security:Password", "secret"));
        options.Validate();
        ProducerConfig config = ClientConfigs.Producer(options);
        Assert.Equal((SecurityProtocol.SaslSsl, SaslMechanism.ScramSha256), (config.SecurityProtocol, config.SaslMechanism));
        Assert.Equal(("ca.pem", "me", "secret"), (config.SslCaLocation, config.SaslUsername, config.SaslPassword));
    }

    [Fact]
    public void Oauth_reaches_the_client()
    {
        KafkaEventLogOptions options = Bind(
            ("Security:Sasl", "OAuthBearer"), ("Security:TokenEndpoint", "https://id.example/token"), ("Security:OAuthClientId", "me"), ("Security:OAuthClientSecret", "secret"));
        options.Validate();
        ConsumerConfig config = ClientConfigs.Consumer(options);
        Assert.Equal((SaslMechanism.OAuthBearer, SaslOauthbearerMethod.Oidc), (config.SaslMechanism, config.SaslOauthbearerMethod));
        Assert.Equal("https://id.example/token", config.SaslOauthbearerTokenEndpointUrl);
    }

    [Theory]
    [InlineData("Plain")]
    [InlineData("ScramSha512")]
    public async Task The_client_takes_what_we_give_it(string mechanism)
    {
        KafkaEventLogOptions options = Bind(("Security:Tls", "true"), ("Security:Sasl", mechanism), ("Security:Username", "me"), ("Security:Password", "secret"));
        await using KafkaEventLog log = KafkaEventLog.Open(options, TimeProvider.System, NullLoggerFactory.Instance);
    }

    [Fact]
    public void A_certificate_that_is_not_there_stops_the_start() => Assert.Throws<EventLogUnavailableException>(() =>
        KafkaEventLog.Open(Bind(("Security:Tls", "true"), ("Security:CaLocation", "nowhere.pem")), TimeProvider.System, NullLoggerFactory.Instance));

    private static KafkaEventLogOptions Bind(params (string Name, string Value)[] settings)
    {
        Dictionary<string, string?> values = new() { ["BootstrapServers"] = "localhost:1" };
        foreach ((string name, string value) in settings)
        {
            values[name] = value;
        }

        return new ConfigurationBuilder().AddInMemoryCollection(values).Build().Get<KafkaEventLogOptions>()!;
    }
}
