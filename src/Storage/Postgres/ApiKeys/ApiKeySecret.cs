using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Metering.Storage.Postgres.ApiKeys;

/// <summary>
/// <c>mtr_</c> and 256 random bits. Stored is its plain SHA-256: a random secret of this size cannot be guessed, so a slow password hash
/// would only make every request slower.
/// </summary>
public static class ApiKeySecret
{
    public const string Scheme = "mtr_";

    private const int RandomBytes = 32;
    private const int PrefixLength = 10;

    public static string Create() => Scheme + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(RandomBytes));

    public static string PrefixOf(string secret) => secret[..Math.Min(secret.Length, PrefixLength)];

    public static byte[] HashOf(string secret) => SHA256.HashData(Encoding.UTF8.GetBytes(secret));
}
