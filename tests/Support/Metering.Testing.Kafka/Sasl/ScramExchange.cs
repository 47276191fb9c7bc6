using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace Metering.Testing.Kafka.Sasl;

/// <summary>SCRAM, RFC 5802 and 7677, the server's side without channel binding. It holds no password, only what proves one.</summary>
public sealed partial class ScramExchange(ScramSecrets secrets) : ISaslExchange
{
    // base64 of the header "n,,", which says: no channel binding, acting as nobody else.
    private const string NoBinding = "biws";

    private ScramSecret? _secret;
    private string _first = "";
    private string _nonce = "";

    public bool IsComplete { get; private set; }

    public DateTimeOffset? Expires => null;

    private SaslRefusedException Refusal => new($"Authentication failed during authentication due to invalid credentials with SASL mechanism {secrets.Mechanism}");

    public byte[] Answer(ReadOnlySpan<byte> message)
    {
        string text = Encoding.UTF8.GetString(message);
        return Encoding.UTF8.GetBytes(_secret is null ? First(text) : Final(text));
    }

    private string First(string message)
    {
        Match parts = ClientFirst().Match(message);
        string name = parts.Groups["name"].Value.Replace("=2C", ",", StringComparison.Ordinal).Replace("=3D", "=", StringComparison.Ordinal);
        _secret = parts.Success && secrets.Find(name) is { } found ? found : throw Refusal;
        _nonce = parts.Groups["nonce"].Value + Convert.ToHexString(RandomNumberGenerator.GetBytes(16));
        string answer = $"r={_nonce},s={Convert.ToBase64String(_secret.Salt)},i={ScramSecrets.Iterations}";
        _first = $"{parts.Groups["bare"].Value},{answer}";
        return answer;
    }

    private string Final(string message)
    {
        Match parts = ClientFinal().Match(message);
        if (!parts.Success || parts.Groups["nonce"].Value != _nonce || parts.Groups["binding"].Value != NoBinding || IsComplete)
        {
            throw Refusal;
        }

        byte[] exchanged = Encoding.UTF8.GetBytes($"{_first},{parts.Groups["bare"].Value}");
        byte[] proof = Convert.FromBase64String(parts.Groups["proof"].Value);
        byte[] clientKey = Xor(proof, secrets.Sign(_secret!.StoredKey, exchanged));
        IsComplete = CryptographicOperations.FixedTimeEquals(secrets.Digest(clientKey), _secret.StoredKey);
        return IsComplete ? $"v={Convert.ToBase64String(secrets.Sign(_secret.ServerKey, exchanged))}" : throw Refusal;
    }

    private byte[] Xor(byte[] one, byte[] other) => one.Length == other.Length ? [.. one.Zip(other, (a, b) => (byte)(a ^ b))] : throw Refusal;

    [GeneratedRegex("^n,,(?<bare>n=(?<name>[^,]+),r=(?<nonce>[^,]+))$")]
    private static partial Regex ClientFirst();

    [GeneratedRegex("^(?<bare>c=(?<binding>[^,]+),r=(?<nonce>[^,]+)),p=(?<proof>[A-Za-z0-9+/]+={0,2})$")]
    private static partial Regex ClientFinal();
}
