using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Metering.Billing.Postgres.Invoices;

/// <summary>Ids that say what they were made for: the same cause has the same id, whoever asks and however often.</summary>
public static class DerivedId
{
    private const int Letters = 26;
    private const int BitsPerLetter = 5;
    private const string Alphabet = "abcdefghijklmnopqrstuvwxyz234567";

    /// <summary><c>prefix_</c> and 26 letters: 130 bits of the SHA-256 over the parts, each with its length before it.</summary>
    public static string Of(string prefix, params ReadOnlySpan<string> parts)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> length = stackalloc byte[sizeof(int)];
        foreach (string part in parts)
        {
            byte[] text = Encoding.UTF8.GetBytes(part);
            BinaryPrimitives.WriteInt32BigEndian(length, text.Length);
            hash.AppendData(length);
            hash.AppendData(text);
        }

        return $"{prefix}_{Base32(hash.GetHashAndReset())}";
    }

    private static string Base32(byte[] hash) => string.Create(Letters, hash, static (letters, bytes) =>
    {
        for (int i = 0; i < letters.Length; i++)
        {
            int bit = i * BitsPerLetter;
            int pair = (bytes[bit / 8] << 8) | bytes[(bit / 8) + 1];
            letters[i] = Alphabet[(pair >> (16 - BitsPerLetter - (bit % 8))) & 31];
        }
    });
}
