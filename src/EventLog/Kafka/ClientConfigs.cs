using Confluent.Kafka;

namespace Metering.EventLog.Kafka;

/// <summary>The client library's settings that our options and our promises come to.</summary>
internal static class ClientConfigs
{
    // A reader that is not read from is not an error: no group depends on it.
    private const int NeverTooSlowMs = 24 * 60 * 60 * 1000;

    // The broker's own timeout comes first, and its answer is still read.
    private static readonly TimeSpan s_answerTime = TimeSpan.FromSeconds(1);

    private const int LargestForeignBatch = 256 << 20;

    public static AdminClientConfig Admin(KafkaEventLogOptions options) => new(Common(options));

    public static ProducerConfig Producer(KafkaEventLogOptions options) => new(Common(options))
    {
        EnableIdempotence = true,
        Acks = Acks.All,
        CompressionType = options.Compression switch
        {
            KafkaCompression.None => CompressionType.None,
            KafkaCompression.Lz4 => CompressionType.Lz4,
            KafkaCompression.Zstd => CompressionType.Zstd,
        },
        LingerMs = options.Linger.TotalMilliseconds,
        BatchSize = options.BatchBytes,
        BatchNumMessages = 100_000,
        QueueBufferingMaxMessages = options.QueuedRecords,
        QueueBufferingMaxKbytes = Kilobytes(options.QueuedBytes),
        MessageTimeoutMs = Milliseconds(options.DeliveryTimeout),
        RequestTimeoutMs = Milliseconds(options.RequestTimeout),

        // The key is our own tag (RecordTag), handed back without leaving the process.
        DeliveryReportFields = "key,timestamp,status",
    };

    public static ConsumerConfig Consumer(KafkaEventLogOptions options) => new(Common(options))
    {
        // The client insists on a name. Nothing is committed and no group is joined: partitions and offsets are assigned.
        GroupId = options.ClientId + ".reader",
        EnableAutoCommit = false,
        EnableAutoOffsetStore = false,
        MaxPollIntervalMs = NeverTooSlowMs,
        AutoOffsetReset = AutoOffsetReset.Error,
        IsolationLevel = IsolationLevel.ReadCommitted,
        AllowAutoCreateTopics = false,
        CheckCrcs = true,
        QueuedMaxMessagesKbytes = Kilobytes(options.PrefetchBytes),

        // As many as the bytes allow, however small.
        QueuedMinMessages = 10_000_000,
        FetchMaxBytes = FetchBytes(options),
        MaxPartitionFetchBytes = FetchBytes(options),

        // A record that somebody else made larger than ours may be must not stop the partition behind it.
        ReceiveMessageMaxBytes = Math.Max(FetchBytes(options) + options.MaxBatchBytes, LargestForeignBatch),
        SocketTimeoutMs = Milliseconds(options.RequestTimeout + options.FetchWait + s_answerTime),
        FetchWaitMaxMs = Milliseconds(options.FetchWait),
        ConsumeResultFields = "timestamp",
    };

    private static ClientConfig Common(KafkaEventLogOptions options)
    {
        ClientConfig config = new()
        {
            BootstrapServers = options.BootstrapServers,
            ClientId = options.ClientId,
            MessageMaxBytes = options.MaxBatchBytes,

            // A broker that was cut off without a word is given up after this, for every kind of request.
            SocketTimeoutMs = Milliseconds(options.RequestTimeout + s_answerTime),
            SocketKeepaliveEnable = true,
            SocketNagleDisable = true,
            EnableMetricsPush = false,
        };
        Secure(config, options.Security);
        return config;
    }

    private static void Secure(ClientConfig config, KafkaSecurityOptions security)
    {
        config.SecurityProtocol = (security.Tls, security.Sasl) switch
        {
            (false, KafkaSasl.None) => SecurityProtocol.Plaintext,
            (true, KafkaSasl.None) => SecurityProtocol.Ssl,
            (false, _) => SecurityProtocol.SaslPlaintext,
            (true, _) => SecurityProtocol.SaslSsl,
        };
        config.SslCaLocation = security.CaLocation;
        config.SslCertificateLocation = security.CertificateLocation;
        config.SslKeyLocation = security.KeyLocation;
        config.SslKeyPassword = security.KeyPassword;
        switch (security.Sasl)
        {
            case KafkaSasl.Plain:
                UsePassword(config, SaslMechanism.Plain, security);
                break;
            case KafkaSasl.ScramSha256:
                UsePassword(config, SaslMechanism.ScramSha256, security);
                break;
            case KafkaSasl.ScramSha512:
                UsePassword(config, SaslMechanism.ScramSha512, security);
                break;
            case KafkaSasl.OAuthBearer:
                config.SaslMechanism = SaslMechanism.OAuthBearer;
                config.SaslOauthbearerMethod = SaslOauthbearerMethod.Oidc;
                config.SaslOauthbearerTokenEndpointUrl = security.TokenEndpoint;
                config.HttpsCaLocation = security.TokenEndpointCaLocation;
                config.SaslOauthbearerClientId = security.OAuthClientId;
                config.SaslOauthbearerClientSecret = security.OAuthClientSecret;
                config.SaslOauthbearerScope = security.OAuthScope;
                break;
            case KafkaSasl.None:
                break;
        }
    }

    private static void UsePassword(ClientConfig config, SaslMechanism mechanism, KafkaSecurityOptions security)
    {
        config.SaslMechanism = mechanism;
        config.SaslUsername = security.Username;
        config.SaslPassword = security.Password;
    }

    private static int FetchBytes(KafkaEventLogOptions options) => (int)Math.Max(options.MaxBatchBytes, options.PrefetchBytes / 4);

    private static int Kilobytes(long bytes) => (int)(bytes >> 10);

    private static int Milliseconds(TimeSpan time) => (int)time.TotalMilliseconds;
}
