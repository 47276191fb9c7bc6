namespace Metering.Embedded.ClickHouse.Http;

internal enum SqlTokenKind
{
    End,
    Word,
    Quoted,
    Punctuation,
}

/// <summary>
/// Just enough of ClickHouse's lexer to find keywords outside strings, comments and parentheses. It stops where a statement ends and inserted
/// data begins, so it never reads binary rows.
/// </summary>
internal ref struct SqlTokens(ReadOnlySpan<byte> sql)
{
    private readonly ReadOnlySpan<byte> _sql = sql;

    public SqlTokenKind Kind { get; private set; }

    public int Start { get; private set; }

    public int End { get; private set; }

    /// <summary>How many parentheses are open around the current token.</summary>
    public int Depth { get; private set; }

    public readonly ReadOnlySpan<byte> Text => _sql[Start..End];

    public readonly bool Is(ReadOnlySpan<byte> keyword) =>
        Kind == SqlTokenKind.Word && System.Text.Ascii.EqualsIgnoreCase(Text, keyword);

    public bool Next()
    {
        Start = SkipSpaceAndComments(End);
        End = Start;
        if (Start >= _sql.Length)
        {
            Kind = SqlTokenKind.End;
            return false;
        }

        byte c = _sql[Start];
        if (IsWord(c))
        {
            Kind = SqlTokenKind.Word;
            while (End < _sql.Length && IsWord(_sql[End]))
            {
                End++;
            }
        }
        else if (c is (byte)'\'' or (byte)'"' or (byte)'`')
        {
            Kind = SqlTokenKind.Quoted;
            End = SkipQuoted(Start, c);
        }
        else
        {
            Kind = SqlTokenKind.Punctuation;
            End++;
            Depth += c is (byte)'(' or (byte)'[' or (byte)'{' ? 1 : c is (byte)')' or (byte)']' or (byte)'}' ? -1 : 0;
        }

        return true;
    }

    private readonly int SkipSpaceAndComments(int at)
    {
        while (at < _sql.Length)
        {
            ReadOnlySpan<byte> rest = _sql[at..];
            if (rest[0] is (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n' or (byte)'\f' or (byte)'\v')
            {
                at++;
            }
            else if (rest.StartsWith("--"u8) || rest.StartsWith("# "u8) || rest.StartsWith("#!"u8))
            {
                int line = rest.IndexOf((byte)'\n');
                at = line < 0 ? _sql.Length : at + line + 1;
            }
            else if (rest.StartsWith("/*"u8))
            {
                int close = rest.IndexOf("*/"u8);
                at = close < 0 ? _sql.Length : at + close + 2;
            }
            else
            {
                return at;
            }
        }

        return at;
    }

    private readonly int SkipQuoted(int at, byte quote)
    {
        for (at++; at < _sql.Length; at++)
        {
            if (_sql[at] == (byte)'\\')
            {
                at++;
            }
            else if (_sql[at] == quote)
            {
                return at + 1;
            }
        }

        return _sql.Length;
    }

    private static bool IsWord(byte c) => char.IsAsciiLetterOrDigit((char)c) || c is (byte)'_' or (byte)'$' or >= 0x80;
}
