using System.Security.Cryptography.X509Certificates;
using Metering.Testing.Kafka.Sasl;

namespace Metering.Testing.Kafka.Edge;

/// <summary>What brokers do at their edge, before and beside the log: TLS, SASL, making topics and describing their settings. Default: nothing of it.</summary>
public sealed record BrokerEdge
{
    /// <summary>The brokers' certificate with its key. Null: connections are not encrypted.</summary>
    public X509Certificate2? Certificate { get; init; }

    /// <summary>Whose certificates clients must show. Null: they need none.</summary>
    public X509Certificate2? ClientAuthority { get; init; }

    /// <summary>The mechanisms that are offered: by name, what begins an authentication. Empty: clients need not say who they are.</summary>
    public IReadOnlyDictionary<string, Func<ISaslExchange>> Sasl { get; init; } = new Dictionary<string, Func<ISaslExchange>>();

    /// <summary>How long a client is believed before it must authenticate again on the same connection (<c>connections.max.reauth.ms</c>). Zero: for ever.</summary>
    public TimeSpan Reauthentication { get; init; }

    /// <summary>By which clock a client has not authenticated again in time.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Whether topics can be made and their settings described.</summary>
    public bool MakesTopics { get; init; }
}
