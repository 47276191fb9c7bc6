using System.Text;
using System.Text.RegularExpressions;
using Metering.Testing.Kafka.Tokens;

namespace Metering.Testing.Kafka.Sasl;

/// <summary>
/// OAUTHBEARER, RFC 7628: the client shows a token. One that is not accepted is told why in JSON first, and refused when the client has
/// acknowledged that with one byte.
/// </summary>
public sealed partial class BearerExchange(TokenSigner signer, string scope, TimeProvider time) : ISaslExchange
{
    public const string Name = "OAUTHBEARER";
    private const byte Acknowledgement = 1;

    private string? _refusal;

    public bool IsComplete => Expires is not null;

    public DateTimeOffset? Expires { get; private set; }

    public byte[] Answer(ReadOnlySpan<byte> message)
    {
        if (_refusal is not null)
        {
            throw new SaslRefusedException(message is [Acknowledgement] ? _refusal : "Invalid OAUTHBEARER client response.");
        }

        Match parts = ClientFirst().Match(Encoding.UTF8.GetString(message));
        if (!parts.Success)
        {
            throw new SaslRefusedException("Invalid OAUTHBEARER client first message.");
        }

        Token? token = signer.Verify(parts.Groups["token"].Value);
        (_refusal, Expires) = token switch
        {
            null => (Status("invalid_token"), null),
            _ when token.Expires <= time.GetUtcNow() => (Status("invalid_token"), null),
            _ when token.Scope != scope => (Status("insufficient_scope"), null),
            _ => ((string?)null, (DateTimeOffset?)token.Expires),
        };
        return Encoding.UTF8.GetBytes(_refusal ?? "");
    }

    private static string Status(string status) => $$"""{"status":"{{status}}"}""";

    [GeneratedRegex("^n,(a=[^,]*)?,\u0001auth=Bearer (?<token>[A-Za-z0-9._~+/=-]+)\u0001([A-Za-z]+=[^\u0001]*\u0001)*\u0001$")]
    private static partial Regex ClientFirst();
}
