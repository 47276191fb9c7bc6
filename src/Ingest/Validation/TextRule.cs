using System.Buffers;

namespace Metering.Ingest.Validation;

/// <summary>The rule of one text field. Its messages are made once, so that refusing an event builds no strings.</summary>
internal sealed class TextRule(string field, int maxBytes)
{
    // 0xC2 starts the C1 control characters U+0080 to U+009F, and harmless ones as well: it only sends us to the slow check.
    private static readonly SearchValues<byte> s_suspects =
        SearchValues.Create([.. Enumerable.Range(0, 0x20).Select(c => (byte)c), 0x7F, 0xC2]);

    public Problem Missing { get; } = new(Codes.MissingField, $"{field} is missing");

    public Problem WrongType { get; } = new(Codes.InvalidField, $"{field} must be a string");

    public Problem Repeated { get; } = new(Codes.DuplicateKey, $"{field} appears twice");

    public Problem LoneSurrogate { get; } = new(Codes.LoneSurrogate, $"{field} has half of a surrogate pair");

    private readonly Problem _empty = new(Codes.InvalidField, $"{field} must not be empty");
    private readonly Problem _tooLong = new(Codes.InvalidField, $"{field} is longer than {maxBytes} bytes of UTF-8");
    private readonly Problem _control = new(Codes.InvalidField, $"{field} has a control character");

    public int MaxBytes => maxBytes;

    public Problem Check(ReadOnlySpan<byte> value)
    {
        if (value.IsEmpty)
        {
            return _empty;
        }

        if (value.Length > maxBytes)
        {
            return _tooLong;
        }

        return value.ContainsAny(s_suspects) && HasControl(value) ? _control : Problem.None;
    }

    private static bool HasControl(ReadOnlySpan<byte> value)
    {
        for (int i = 0; i < value.Length; i++)
        {
            bool c1 = value[i] == 0xC2 && i + 1 < value.Length && value[i + 1] is >= 0x80 and <= 0x9F;
            if (value[i] is < 0x20 or 0x7F || c1)
            {
                return true;
            }
        }

        return false;
    }
}
