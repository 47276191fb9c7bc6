namespace Metering.EventLog.Kafka;

/// <summary>How the brokers are spoken to: TLS and, with or without it, SASL.</summary>
public sealed class KafkaSecurityOptions
{
    /// <summary>Whether connections are encrypted and the broker's certificate and name are checked. Default false.</summary>
    public bool Tls { get; init; }

    /// <summary>A file or folder of CA certificates, PEM. Default: those of the system.</summary>
    public string? CaLocation { get; init; }

    /// <summary>This client's certificate, a PEM file; with <see cref="KeyLocation"/>. Default none.</summary>
    public string? CertificateLocation { get; init; }

    /// <summary>The certificate's private key, a PEM file.</summary>
    public string? KeyLocation { get; init; }

    /// <summary>The password of the private key, if it has one.</summary>
    public string? KeyPassword { get; init; }

    /// <summary>
    /// How this client says who it is. Default <see cref="KafkaSasl.None"/>. <see cref="KafkaSasl.Plain"/> without TLS shows the password to the network.
    /// </summary>
    public KafkaSasl Sasl { get; init; }

    /// <summary>For PLAIN and SCRAM.</summary>
    public string? Username { get; init; }

    /// <summary>For PLAIN and SCRAM.</summary>
    public string? Password { get; init; }

    /// <summary>For OAUTHBEARER: where OpenID Connect client credentials become a token, an https URL.</summary>
    public string? TokenEndpoint { get; init; }

    /// <summary>For OAUTHBEARER: a file or folder of CA certificates, PEM, for the token endpoint. Default: those of the system.</summary>
    public string? TokenEndpointCaLocation { get; init; }

    /// <summary>For OAUTHBEARER.</summary>
    public string? OAuthClientId { get; init; }

    /// <summary>For OAUTHBEARER.</summary>
    public string? OAuthClientSecret { get; init; }

    /// <summary>For OAUTHBEARER: the scope asked for. Default none.</summary>
    public string? OAuthScope { get; init; }

    internal void Validate()
    {
        bool certificate = CertificateLocation is not null;
        Require(certificate == KeyLocation is not null, nameof(CertificateLocation), "and KeyLocation come together");
        Require(Tls || (CaLocation is null && !certificate), nameof(Tls), "must be true when certificates are named");
        Require(Enum.IsDefined(Sasl), nameof(Sasl), "must be None, Plain, ScramSha256, ScramSha512 or OAuthBearer");
        if (Sasl is KafkaSasl.Plain or KafkaSasl.ScramSha256 or KafkaSasl.ScramSha512)
        {
            Require(!string.IsNullOrEmpty(Username), nameof(Username), $"is needed for {Sasl}");
            Require(!string.IsNullOrEmpty(Password), nameof(Password), $"is needed for {Sasl}");
        }
        else if (Sasl == KafkaSasl.OAuthBearer)
        {
            Require(Uri.TryCreate(TokenEndpoint, UriKind.Absolute, out _), nameof(TokenEndpoint), "must be a URL for OAuthBearer");
            Require(!string.IsNullOrEmpty(OAuthClientId), nameof(OAuthClientId), "is needed for OAuthBearer");
            Require(!string.IsNullOrEmpty(OAuthClientSecret), nameof(OAuthClientSecret), "is needed for OAuthBearer");
        }
    }

    private static void Require(bool holds, string option, string rule) =>
        KafkaEventLogOptions.Require(holds, $"{nameof(KafkaEventLogOptions.Security)}.{option}", rule);
}

/// <summary>SASL mechanisms.</summary>
public enum KafkaSasl
{
    None,
    Plain,
    ScramSha256,
    ScramSha512,
    OAuthBearer,
}
