using System.Buffers;
using System.IO.Hashing;
using System.Text.Json;

namespace Metering.Contracts;

/// <summary>Why the text is not acceptable as an event's <c>data</c>.</summary>
public enum PayloadProblem
{
    None,
    DuplicateKey,
    LoneSurrogate,
}

/// <summary>
/// The canonical hash of (type, subject, data): the order of keys, white space, escapes and the form of numbers (1, 1.0, 10e-1) do not
/// matter, everything else does. It decides whether a second event of one identity is a copy or a conflict. Finds duplicate keys and lone
/// surrogates on the way, as the walk passes every token anyway. Holds scratch memory: one instance per thread at a time, nothing
/// allocated once warm.
/// </summary>
public sealed class PayloadHasher
{
    private const long NullSeed = 1, TrueSeed = 2, FalseSeed = 3, NumberSeed = 4, StringSeed = 5, KeySeed = 6;
    private const ulong ArrayStart = 0x9E3779B97F4A7C15, ObjectStart = 0xC2B2AE3D27D4EB4F;

    private byte[] _scratch = new byte[1024];
    private ulong[] _keys = new ulong[64];
    private int _keyCount;

    /// <param name="reader">On the first token of the value, over well-formed JSON that is complete; left on its last token.</param>
    public PayloadProblem TryHash(ref Utf8JsonReader reader, out ulong hash)
    {
        _keyCount = 0;
        hash = 0;
        return HashValue(ref reader, ref hash);
    }

    /// <summary>Type, subject and the hash of the data in one.</summary>
    public static ulong Combine(ReadOnlySpan<byte> type, ReadOnlySpan<byte> subject, ulong data) =>
        Mix(Mix(XxHash3.HashToUInt64(type, StringSeed), XxHash3.HashToUInt64(subject, StringSeed)), data);

    /// <summary>The data's hash when there is no data, or it is <c>null</c>.</summary>
    public static ulong NoData { get; } = XxHash3.HashToUInt64([], NullSeed);

    private PayloadProblem HashValue(ref Utf8JsonReader reader, ref ulong hash)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.StartObject:
                return HashObject(ref reader, ref hash);
            case JsonTokenType.StartArray:
                return HashArray(ref reader, ref hash);
            case JsonTokenType.String:
                return HashText(ref reader, StringSeed, ref hash);
            case JsonTokenType.Number:
                hash = HashNumber(Flatten(ref reader));
                return PayloadProblem.None;
            default:
                hash = XxHash3.HashToUInt64([], reader.TokenType switch
                {
                    JsonTokenType.True => TrueSeed,
                    JsonTokenType.False => FalseSeed,
                    _ => NullSeed,
                });
                return PayloadProblem.None;
        }
    }

    private PayloadProblem HashArray(ref Utf8JsonReader reader, ref ulong hash)
    {
        ulong sum = ArrayStart;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            ulong item = 0;
            PayloadProblem problem = HashValue(ref reader, ref item);
            if (problem != PayloadProblem.None)
            {
                return problem;
            }

            sum = Mix(sum, item);
        }

        hash = sum;
        return PayloadProblem.None;
    }

    private PayloadProblem HashObject(ref Utf8JsonReader reader, ref ulong hash)
    {
        ulong sum = ObjectStart;
        int firstKey = _keyCount;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            ulong key = 0, value = 0;
            PayloadProblem problem = HashText(ref reader, KeySeed, ref key);
            if (problem == PayloadProblem.None)
            {
                PushKey(key);
                reader.Read();
                problem = HashValue(ref reader, ref value);
            }

            if (problem != PayloadProblem.None)
            {
                return problem;
            }

            // A sum does not depend on the order of the members.
            sum += Mix(key, value);
        }

        hash = Mix(sum, ObjectStart);
        return PopKeys(firstKey) ? PayloadProblem.None : PayloadProblem.DuplicateKey;
    }

    private PayloadProblem HashText(ref Utf8JsonReader reader, long seed, ref ulong hash)
    {
        ReadOnlySpan<byte> text = Flatten(ref reader);
        if (!reader.ValueIsEscaped)
        {
            hash = XxHash3.HashToUInt64(text, seed);
            return PayloadProblem.None;
        }

        if (HasLoneSurrogate(text))
        {
            return PayloadProblem.LoneSurrogate;
        }

        EnsureScratch(text.Length);
        int length = reader.CopyString(_scratch);
        hash = XxHash3.HashToUInt64(_scratch.AsSpan(0, length), seed);
        return PayloadProblem.None;
    }

    /// <summary>Sign, digits without leading and trailing zeros, and the exponent of the last digit.</summary>
    private ulong HashNumber(ReadOnlySpan<byte> text)
    {
        EnsureScratch(text.Length + 1);
        int length = 0, exponent = 0, at = text[0] == '-' ? 1 : 0;
        bool negative = at == 1, fraction = false;
        for (; at < text.Length && text[at] is not ((byte)'e' or (byte)'E'); at++)
        {
            if (text[at] == '.')
            {
                fraction = true;
                continue;
            }

            exponent -= fraction ? 1 : 0;
            if (length > 0 || text[at] != '0')
            {
                _scratch[length++] = text[at];
            }
        }

        exponent += at < text.Length ? ReadExponent(text[(at + 1)..]) : 0;
        while (length > 0 && _scratch[length - 1] == '0')
        {
            length--;
            exponent++;
        }

        ulong digits = XxHash3.HashToUInt64(_scratch.AsSpan(0, length), NumberSeed);
        return length == 0 ? digits : Mix(digits, ((ulong)(uint)exponent << 1) | (negative ? 1UL : 0));
    }

    private static int ReadExponent(ReadOnlySpan<byte> text)
    {
        bool negative = text[0] == '-';
        int exponent = 0;
        foreach (byte digit in text[(text[0] is (byte)'-' or (byte)'+' ? 1 : 0)..])
        {
            exponent = Math.Min(100_000_000, (exponent * 10) + (digit - '0'));
        }

        return negative ? -exponent : exponent;
    }

    private static ReadOnlySpan<byte> Flatten(ref Utf8JsonReader reader) => reader.HasValueSequence ? FlattenSequence(ref reader) : reader.ValueSpan;

    private static byte[] FlattenSequence(ref Utf8JsonReader reader)
    {
        int length = checked((int)reader.ValueSequence.Length);
        byte[] copy = new byte[length];
        reader.ValueSequence.CopyTo(copy);
        return copy;
    }

    /// <summary>In JSON text with valid escapes: a \uD800–\uDBFF not followed by \uDC00–\uDFFF, or the latter alone.</summary>
    public static bool HasLoneSurrogate(ReadOnlySpan<byte> escaped)
    {
        for (int i = escaped.IndexOf((byte)'\\'); i >= 0 && i < escaped.Length;)
        {
            if (escaped[i + 1] != 'u')
            {
                i = NextEscape(escaped, i + 2);
                continue;
            }

            int unit = HexUnit(escaped.Slice(i + 2, 4));
            if (unit is >= 0xDC00 and <= 0xDFFF)
            {
                return true;
            }

            i += 6;
            if (unit is >= 0xD800 and <= 0xDBFF)
            {
                bool paired = i + 6 <= escaped.Length && escaped[i] == '\\' && escaped[i + 1] == 'u' && HexUnit(escaped.Slice(i + 2, 4)) is >= 0xDC00 and <= 0xDFFF;
                if (!paired)
                {
                    return true;
                }

                i += 6;
            }

            i = NextEscape(escaped, i);
        }

        return false;
    }

    private static int NextEscape(ReadOnlySpan<byte> text, int from)
    {
        int next = text[from..].IndexOf((byte)'\\');
        return next < 0 ? -1 : from + next;
    }

    private static int HexUnit(ReadOnlySpan<byte> hex)
    {
        bool valid = System.Buffers.Text.Utf8Parser.TryParse(hex, out int unit, out _, 'x');
        return valid ? unit : 0;
    }

    private void PushKey(ulong key)
    {
        if (_keyCount == _keys.Length)
        {
            Array.Resize(ref _keys, _keys.Length * 2);
        }

        _keys[_keyCount++] = key;
    }

    /// <summary>Forgets the keys of the object that ends. False when two of them were equal.</summary>
    private bool PopKeys(int first)
    {
        Span<ulong> keys = _keys.AsSpan(first, _keyCount - first);
        _keyCount = first;
        keys.Sort();
        for (int i = 1; i < keys.Length; i++)
        {
            if (keys[i] == keys[i - 1])
            {
                return false;
            }
        }

        return true;
    }

    private void EnsureScratch(int length)
    {
        if (_scratch.Length < length)
        {
            _scratch = new byte[Math.Max(length, _scratch.Length * 2)];
        }
    }

    private static ulong Mix(ulong left, ulong right)
    {
        ulong mixed = (left ^ (right * 0x9FB21C651E98DF25)) * 0xD6E8FEB86659FD93;
        return mixed ^ (mixed >> 32);
    }
}
