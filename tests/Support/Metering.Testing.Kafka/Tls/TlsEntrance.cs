using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Metering.Testing.Kafka.Edge;

namespace Metering.Testing.Kafka.Tls;

/// <summary>The broker's side of a connection's encryption.</summary>
internal static class TlsEntrance
{
    /// <exception cref="System.Security.Authentication.AuthenticationException">The client does not trust the broker, or is not trusted.</exception>
    public static async Task<Stream> EnterAsync(Stream connection, BrokerEdge edge)
    {
        if (edge.Certificate is null)
        {
            return connection;
        }

        SslStream encrypted = new(connection);
        await encrypted.AuthenticateAsServerAsync(new SslServerAuthenticationOptions
        {
            ServerCertificate = edge.Certificate,
            ClientCertificateRequired = edge.ClientAuthority is not null,
            RemoteCertificateValidationCallback = (_, certificate, _, _) => edge.ClientAuthority is null || IsIssuedBy(edge.ClientAuthority, certificate),
        });
        return encrypted;
    }

    private static bool IsIssuedBy(X509Certificate2 authority, X509Certificate? certificate)
    {
        if (certificate is not X509Certificate2 shown)
        {
            return false;
        }

        using X509Chain chain = new();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(authority);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        return chain.Build(shown);
    }
}
