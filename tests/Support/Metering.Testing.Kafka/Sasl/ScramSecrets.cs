using System.Security.Cryptography;
using System.Text;

namespace Metering.Testing.Kafka.Sasl;

/// <param name="Salt">Random, one for each user.</param>
/// <param name="StoredKey">Proves the client without telling its password.</param>
/// <param name="ServerKey">Proves the server to the client.</param>
public sealed record ScramSecret(byte[] Salt, byte[] StoredKey, byte[] ServerKey);

/// <summary>The users of a SCRAM mechanism.</summary>
public sealed class ScramSecrets
{
    public const string Sha256 = "SCRAM-SHA-256", Sha512 = "SCRAM-SHA-512";

    /// <summary>The least that Kafka takes.</summary>
    public const int Iterations = 4096;

    private readonly HashAlgorithmName _hash;
    private readonly Dictionary<string, ScramSecret> _users;

    public ScramSecrets(string mechanism, IReadOnlyDictionary<string, string> passwords)
    {
        Mechanism = mechanism;
        _hash = mechanism == Sha256 ? HashAlgorithmName.SHA256 : HashAlgorithmName.SHA512;
        _users = passwords.ToDictionary(one => one.Key, one => SecretOf(one.Value));
    }

    public string Mechanism { get; }

    public ScramSecret? Find(string user) => _users.GetValueOrDefault(user);

    public byte[] Sign(byte[] key, byte[] bytes) => CryptographicOperations.HmacData(_hash, key, bytes);

    public byte[] Digest(byte[] bytes) => CryptographicOperations.HashData(_hash, bytes);

    private ScramSecret SecretOf(string password)
    {
        byte[] salt = RandomNumberGenerator.GetBytes(16);
        byte[] salted = Rfc2898DeriveBytes.Pbkdf2(Encoding.UTF8.GetBytes(password), salt, Iterations, _hash, Digest([]).Length);
        return new ScramSecret(salt, Digest(Sign(salted, "Client Key"u8.ToArray())), Sign(salted, "Server Key"u8.ToArray()));
    }
}
