namespace Metering.Testing.Kafka.Sasl;

/// <summary>The server's side of one authentication.</summary>
public interface ISaslExchange
{
    /// <summary>Whether the client has proved who it is.</summary>
    bool IsComplete { get; }

    /// <summary>When what it showed expires; null when it does not.</summary>
    DateTimeOffset? Expires { get; }

    /// <returns>The answer to a client's message; may be empty.</returns>
    /// <exception cref="SaslRefusedException">The client is refused, or does not speak the mechanism.</exception>
    byte[] Answer(ReadOnlySpan<byte> message);
}

/// <summary>The message is what brokers tell clients.</summary>
public sealed class SaslRefusedException(string message) : Exception(message);
