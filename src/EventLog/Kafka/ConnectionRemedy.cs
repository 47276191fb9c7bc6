using System.Text.RegularExpressions;

namespace Metering.EventLog.Kafka;

/// <summary>What to do about a connection that fails: from the client's words, which tests hold it to, and from how it was told to connect.</summary>
internal static partial class ConnectionRemedy
{
    private static readonly (string Words, string Remedy)[] s_settings =
    [
        ("https.ca.location", "Check Security.TokenEndpointCaLocation."),
        ("key values mismatch", "Security.KeyLocation is not the key of Security.CertificateLocation."),
        ("ssl.ca.location", "Check Security.CaLocation: a file or folder of PEM certificates."),
        ("ssl.certificate.location", "Check Security.CertificateLocation: a PEM certificate."),
        ("ssl.key.location", "Check Security.KeyLocation, a PEM key, and Security.KeyPassword."),
    ];

    /// <returns>One or more sentences, empty when nothing is known.</returns>
    public static string For(string trouble, KafkaSecurityOptions security)
    {
        bool token = Says("OAUTHBEARER token");
        return trouble switch
        {
            _ when token && Says("cert") => "Name the CA of the token endpoint's certificate in Security.TokenEndpointCaLocation.",
            _ when token =>
                "Check Security.TokenEndpoint, OAuthClientId, OAuthClientSecret and OAuthScope; its tokens must not have expired by this machine's clock.",
            _ when Says("certificate verify failed") => Certificate(trouble, security),
            _ when Says("SASL Handshake not supported") => "These brokers do not ask who is there: Security.Sasl=None, or another port.",
            _ when Says("mechanism handshake failed") => "Set Security.Sasl to a mechanism that the brokers have.",
            _ when Says("SASL authentication error") => Credentials(security.Sasl),
            _ when EarlyInUse().IsMatch(trouble) && security.Sasl == KafkaSasl.None => "Brokers that must know who is there need Security.Sasl.",
            _ when Says("SSL_HANDSHAKE") || Says("APIVERSION_QUERY") => Encryption(security),
            _ => "",
        };

        bool Says(string words) => trouble.Contains(words, StringComparison.Ordinal);
    }

    /// <param name="refusal">What the client says of settings with which it does not even start.</param>
    /// <returns>Empty when nothing is known.</returns>
    public static string ForStart(string refusal) => s_settings.FirstOrDefault(one => refusal.Contains(one.Words, StringComparison.Ordinal)).Remedy ?? "";

    private static string Certificate(string trouble, KafkaSecurityOptions security)
    {
        string either =
            $"Either Security.CaLocation ({security.CaLocation ?? "the system's"}) lacks the CA of the broker's certificate, or the certificate has expired, or it is not " +
            "for the name in BootstrapServers or in the broker's advertised.listeners.";
        if (Address().Match(trouble) is not { Success: true } address)
        {
            return either;
        }

        (string host, string authority) = (address.Groups["host"].Value, security.CaLocation is { } location ? $" -CAfile {location}" : "");
        return $"{either} To see which: openssl s_client -connect {host}:{address.Groups["port"].Value}{authority} -verify_{(System.Net.IPAddress.TryParse(host, out _) ? "ip" : "hostname")} {host}";
    }

    private static string Credentials(KafkaSasl mechanism) => mechanism == KafkaSasl.OAuthBearer
        ? "The brokers do not accept the token: check Security.OAuthScope, and the clocks here and there."
        : "Check Security.Username and Security.Password.";

    private static string Encryption(KafkaSecurityOptions security) => security switch
    {
        { Tls: false } => "Brokers that encrypt need Security.Tls=true.",
        { CertificateLocation: null } =>
            "Brokers that ask for a certificate need Security.CertificateLocation and KeyLocation; brokers that do not encrypt need Security.Tls=false.",
        _ => "The brokers must trust the CA of Security.CertificateLocation, and it must not have expired; brokers that do not encrypt need Security.Tls=false.",
    };

    /// <summary>Cut off by the first real request, and not after long use.</summary>
    [GeneratedRegex(@"Disconnected.*after \d{1,3}ms in state UP")]
    private static partial Regex EarlyInUse();

    [GeneratedRegex(@"ssl://(?<host>[^/]+):(?<port>\d+)/")]
    private static partial Regex Address();
}
