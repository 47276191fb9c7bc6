using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Metering.Testing.Kafka.Tokens;

/// <summary>Writes tokens as JSON Web Tokens with RS256 (RFC 7515, 7519), and reads only those it wrote.</summary>
public sealed class TokenSigner : IDisposable
{
    private const string Header = """{"alg":"RS256","typ":"JWT"}""";

    private readonly RSA _key = RSA.Create(2048);

    public string Sign(Token token, DateTimeOffset now)
    {
        Dictionary<string, object> claims = new()
        {
            ["sub"] = token.Subject,
            ["scope"] = token.Scope,
            ["iat"] = now.ToUnixTimeSeconds(),
            ["exp"] = token.Expires.ToUnixTimeSeconds(),
        };
        string signed = $"{Base64Url.EncodeToString(Encoding.UTF8.GetBytes(Header))}.{Base64Url.EncodeToString(JsonSerializer.SerializeToUtf8Bytes(claims))}";
        return $"{signed}.{Base64Url.EncodeToString(_key.SignData(Encoding.ASCII.GetBytes(signed), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1))}";
    }

    /// <returns>Null when it is not one of ours.</returns>
    public Token? Verify(string text)
    {
        if (text.Split('.') is not [string header, string claims, string signature] || !_key.VerifyData(
            Encoding.ASCII.GetBytes($"{header}.{claims}"), Base64Url.DecodeFromChars(signature), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1))
        {
            return null;
        }

        using JsonDocument read = JsonDocument.Parse(Base64Url.DecodeFromChars(claims));
        JsonElement claim = read.RootElement;
        return new Token(
            claim.GetProperty("sub").GetString()!,
            claim.GetProperty("scope").GetString()!,
            DateTimeOffset.FromUnixTimeSeconds(claim.GetProperty("exp").GetInt64()));
    }

    public void Dispose() => _key.Dispose();
}
