using System.Net;
using Metering.EventLog.Kafka;
using Metering.Testing.Kafka;
using Metering.Testing.Kafka.Edge;
using Metering.Testing.Kafka.Sasl;
using Metering.Testing.Kafka.Tls;
using Metering.Testing.Kafka.Tokens;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Metering.EventLog.Tests.Kafka;

/// <summary>Each way to say who one is: it works, and what is said when the brokers do not believe it.</summary>
public sealed class SaslTests : IAsyncDisposable
{
    private static readonly Dictionary<string, string> s_users = new() { ["metering,=1"] = "pass,word=\"ä" };

    private readonly TestAuthority _authority = new();
    private readonly TokenSigner _signer = new();
    private readonly FastClock _clock = new();
    private TokenEndpoint? _tokens;

    [Theory]
    [InlineData(KafkaSasl.Plain)]
    [InlineData(KafkaSasl.ScramSha256)]
    [InlineData(KafkaSasl.ScramSha512)]
    public async Task A_right_password_is_enough(KafkaSasl mechanism)
    {
        using MockCluster cluster = new(3, Edge());
        await Opening.SucceedsAsync(cluster, Security(mechanism, s_users.Single()));
        Assert.Empty(cluster.Violations);
    }

    [Fact]
    public async Task It_is_enough_without_encryption_too()
    {
        using MockCluster cluster = new(1, Edge() with { Certificate = null });
        (string name, string password) = s_users.Single();
        await Opening.SucceedsAsync(cluster, new KafkaSecurityOptions { Sasl = KafkaSasl.ScramSha512, Username = name, Password = password });
        Assert.Empty(cluster.Violations);
    }

    [Theory]
    [InlineData(KafkaSasl.Plain)]
    [InlineData(KafkaSasl.ScramSha256)]
    [InlineData(KafkaSasl.ScramSha512)]
    public async Task A_wrong_password_is_told(KafkaSasl mechanism)
    {
        using MockCluster cluster = new(3, Edge());
        string e = await Opening.FailsAsync(cluster, Security(mechanism, new(s_users.Keys.Single(), "wrong")));
        Assert.Contains("Security.Password", e, StringComparison.Ordinal);
        Assert.DoesNotContain("wrong", e, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_unknown_user_is_told()
    {
        using MockCluster cluster = new(1, Edge());
        string e = await Opening.FailsAsync(cluster, Security(KafkaSasl.ScramSha512, new("nobody", "wrong")));
        Assert.Contains("Security.Username", e, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_mechanism_that_brokers_do_not_have_is_told_with_those_they_have()
    {
        using MockCluster cluster = new(1, Edge(PlainExchange.Name, ScramSecrets.Sha512));
        string e = await Opening.FailsAsync(cluster, Security(KafkaSasl.ScramSha256, s_users.Single()));
        Assert.Contains("PLAIN,SCRAM-SHA-512", e, StringComparison.Ordinal);
        Assert.Contains("Security.Sasl", e, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Brokers_that_must_know_who_one_is_are_told()
    {
        using MockCluster cluster = new(1, Edge());
        string e = await Opening.FailsAsync(cluster, new KafkaSecurityOptions { Tls = true, CaLocation = _authority.File });
        Assert.Contains("Security.Sasl", e, StringComparison.Ordinal);
        Assert.All(cluster.Violations, one => Assert.EndsWith("comes from a client that has not authenticated.", one, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Brokers_that_do_not_care_are_told()
    {
        using MockCluster cluster = new(1, Edge() with { Sasl = new Dictionary<string, Func<ISaslExchange>>() });
        string e = await Opening.FailsAsync(cluster, Security(KafkaSasl.ScramSha256, s_users.Single()));
        Assert.Contains("Security.Sasl", e, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_token_for_client_credentials_is_enough()
    {
        using MockCluster cluster = new(3, Edge());
        await Opening.SucceedsAsync(cluster, await TokensAsync());
        Assert.Empty(cluster.Violations);
    }

    [Fact]
    public async Task A_wrong_client_secret_is_told()
    {
        using MockCluster cluster = new(1, Edge());
        string e = await Opening.FailsAsync(cluster, await TokensAsync(secret: "wrong"));
        Assert.Contains("OAuthClientSecret", e, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wrong_scope_is_told()
    {
        using MockCluster cluster = new(1, Edge());
        string e = await Opening.FailsAsync(cluster, await TokensAsync(scope: "other"));
        Assert.Contains("OAuthScope", e, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_token_endpoint_of_an_unknown_authority_is_told()
    {
        using TestAuthority other = new("Another CA");
        using MockCluster cluster = new(1, Edge());
        string e = await Opening.FailsAsync(cluster, await TokensAsync(authority: other));
        Assert.Contains("Security.TokenEndpointCaLocation", e, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_token_endpoints_authority_whose_file_is_missing_stops_the_start()
    {
        using MockCluster cluster = new(1, Edge());
        KafkaSecurityOptions security = await TokensAsync(authorityFile: "nowhere.pem");
        EventLogUnavailableException e = await Assert.ThrowsAsync<EventLogUnavailableException>(() => Opening.SucceedsAsync(cluster, security));
        Assert.Contains("Security.TokenEndpointCaLocation", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_token_that_has_expired_is_not_even_shown()
    {
        using MockCluster cluster = new(1, Edge());
        KafkaSecurityOptions security = await TokensAsync();
        _tokens!.Lifetime = TimeSpan.FromMinutes(-1);
        string e = await Opening.FailsAsync(cluster, security);
        Assert.Contains("must not have expired", e, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_token_that_has_expired_by_the_brokers_clock_is_told()
    {
        _clock.Ahead = TimeSpan.FromHours(1);
        using MockCluster cluster = new(1, Edge());
        string e = await Opening.FailsAsync(cluster, await TokensAsync());
        Assert.Contains("invalid_token", e, StringComparison.Ordinal);
        Assert.Contains("the clocks here and there", e, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_token_that_somebody_else_signed_is_told()
    {
        using TokenSigner other = new();
        using MockCluster cluster = new(1, Edge());
        string e = await Opening.FailsAsync(cluster, await TokensAsync(signer: other));
        Assert.Contains("invalid_token", e, StringComparison.Ordinal);
        Assert.Contains("the brokers do not accept the token", e, StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>
    /// Brokers may want to see a token again on a connection that is in use. Their clock stands, so that a slow machine is not taken for a late client.
    /// </summary>
    [Fact]
    public async Task Who_one_is_is_said_again_on_a_connection_in_use_with_newer_tokens()
    {
        using MockCluster cluster = new(1, Edge() with { Reauthentication = TimeSpan.FromSeconds(1), Time = new StandingClock() });
        KafkaSecurityOptions security = await TokensAsync();
        _tokens!.Lifetime = TimeSpan.FromSeconds(5);
        await using KafkaEventLog log = KafkaEventLog.Open(MockOptions.Complete(cluster, security, replicas: 1), TimeProvider.System, NullLoggerFactory.Instance);
        ITopic topic = await log.OpenAsync(new TopicSpec("usage.events", 1), TestContext.Current.CancellationToken);
        int first = _tokens.Given;
        using AppendBatch batch = new();
        while (cluster.Reauthentications < 8 || _tokens.Given == first)
        {
            batch.Reset();
            batch.EndRecord(0);
            await topic.AppendAsync(batch, TestContext.Current.CancellationToken);
            Assert.True(batch.Result(0).IsDurable, batch.Result(0).Failure);
        }

        Assert.Empty(cluster.Violations);
    }

    public async ValueTask DisposeAsync()
    {
        if (_tokens is not null)
        {
            await _tokens.DisposeAsync();
        }

        _signer.Dispose();
        _authority.Dispose();
    }

    private BrokerEdge Edge(params string[] mechanisms)
    {
        ScramSecrets sha256 = new(ScramSecrets.Sha256, s_users), sha512 = new(ScramSecrets.Sha512, s_users);
        Dictionary<string, Func<ISaslExchange>> all = new()
        {
            [PlainExchange.Name] = () => new PlainExchange(s_users),
            [ScramSecrets.Sha256] = () => new ScramExchange(sha256),
            [ScramSecrets.Sha512] = () => new ScramExchange(sha512),
            [BearerExchange.Name] = () => new BearerExchange(_signer, "kafka", _clock),
        };
        return new BrokerEdge
        {
            MakesTopics = true,
            Certificate = _authority.ForServer(IPAddress.Loopback),
            Sasl = mechanisms.Length == 0 ? all : mechanisms.ToDictionary(name => name, name => all[name]),
        };
    }

    private KafkaSecurityOptions Security(KafkaSasl mechanism, KeyValuePair<string, string> user) => new()
    {
        Tls = true, CaLocation = _authority.File, Sasl = mechanism, Username = user.Key, Password = user.Value,
    };

    private async Task<KafkaSecurityOptions> TokensAsync(string secret = "secret", string scope = "kafka", TestAuthority? authority = null, TokenSigner? signer = null, string? authorityFile = null)
    {
        _tokens = await TokenEndpoint.StartAsync((authority ?? _authority).ForServer(IPAddress.Loopback), signer ?? _signer, "metering", "secret", "kafka");
        return new KafkaSecurityOptions
        {
            Tls = true,
            CaLocation = _authority.File,
            Sasl = KafkaSasl.OAuthBearer,
            TokenEndpoint = _tokens.Address,
            TokenEndpointCaLocation = authorityFile ?? _authority.File,
            OAuthClientId = "metering",
            OAuthClientSecret = secret,
            OAuthScope = scope,
        };
    }

    private sealed class FastClock : TimeProvider
    {
        public TimeSpan Ahead { get; set; }

        public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + Ahead;
    }

    private sealed class StandingClock : TimeProvider
    {
        private readonly DateTimeOffset _now = System.GetUtcNow();

        public override DateTimeOffset GetUtcNow() => _now;
    }
}
