using System.Text;

namespace Metering.Testing.Kafka.Sasl;

/// <summary>PLAIN, RFC 4616: who to act as (which must be nobody else), name and password, separated by zero bytes, in one message.</summary>
public sealed class PlainExchange(IReadOnlyDictionary<string, string> passwords) : ISaslExchange
{
    public const string Name = "PLAIN";

    public bool IsComplete { get; private set; }

    public DateTimeOffset? Expires => null;

    public byte[] Answer(ReadOnlySpan<byte> message)
    {
        string[] parts = Encoding.UTF8.GetString(message).Split('\0');
        if (parts is not [string actAs, string name, string password] || (actAs.Length > 0 && actAs != name))
        {
            throw new SaslRefusedException("Invalid SASL/PLAIN response.");
        }

        IsComplete = passwords.TryGetValue(name, out string? expected) && password == expected;
        return IsComplete ? [] : throw new SaslRefusedException("Authentication failed: Invalid username or password");
    }
}
