using System.Text;

namespace Metering.Embedded.ClickHouse.Http;

internal enum StatementKind
{
    Empty,

    /// <summary>A SELECT: its result can be fetched block by block.</summary>
    Select,

    /// <summary>An INSERT whose rows follow the statement, in the URL or in the body.</summary>
    InsertData,

    /// <summary>KILL QUERY, which names queries by an id that the engine does not know.</summary>
    Kill,

    /// <summary>Anything else, run as a whole.</summary>
    Other,
}

/// <summary>Where a statement ends and its data begins, and the format that each is in.</summary>
/// <param name="Kind">How to run it.</param>
/// <param name="SqlLength">The statement without FORMAT or data for an INSERT with rows, else everything.</param>
/// <param name="DataStart">Where the rows begin; only for <see cref="StatementKind.InsertData"/>.</param>
/// <param name="Format">The FORMAT clause, of the input for an INSERT with rows, of the output for anything else.</param>
/// <param name="OutputClauseAt">Where a SELECT takes INTO OUTFILE: before its FORMAT clause, else at its end.</param>
/// <param name="Writes">It changes something, so it must not queue behind long reads.</param>
internal readonly record struct Statement(StatementKind Kind, int SqlLength, int DataStart, string? Format, int OutputClauseAt, bool Writes)
{
    /// <param name="text">The statement, and for an INSERT the beginning of the data.</param>
    /// <param name="fallbackFormat">The format of rows that come without a FORMAT clause.</param>
    public static Statement Parse(ReadOnlySpan<byte> text, string? fallbackFormat)
    {
        SqlTokens tokens = new(text);
        SkipOpeningParentheses(ref tokens);
        if (tokens.Kind == SqlTokenKind.End)
        {
            return new Statement(StatementKind.Empty, 0, 0, null, 0, false);
        }

        if (tokens.Is("INSERT"u8))
        {
            return ParseInsert(text, ref tokens, fallbackFormat);
        }

        bool writes = !(tokens.Is("SELECT"u8) || tokens.Is("WITH"u8) || tokens.Is("FROM"u8) || tokens.Is("SHOW"u8)
            || tokens.Is("DESCRIBE"u8) || tokens.Is("DESC"u8) || tokens.Is("EXPLAIN"u8) || tokens.Is("EXISTS"u8));
        StatementKind kind = tokens.Is("SELECT"u8) || tokens.Is("FROM"u8) || tokens.Is("WITH"u8) ? StatementKind.Select
            : tokens.Is("KILL"u8) ? StatementKind.Kill
            : StatementKind.Other;
        bool with = tokens.Is("WITH"u8);
        string? format = null;
        int end = tokens.End;
        int outputClauseAt = -1;
        while (tokens.Next())
        {
            end = tokens.Text[0] == (byte)';' ? end : tokens.End;
            if (tokens.Depth == 0 && with && tokens.Is("INSERT"u8))
            {
                return new Statement(StatementKind.Other, text.Length, text.Length, null, text.Length, true);
            }

            if (tokens.Depth == 0 && tokens.Is("FORMAT"u8) && OutputFormat(tokens) is { } name)
            {
                format = name;
                outputClauseAt = tokens.Start;
            }
        }

        return new Statement(kind, text.Length, text.Length, format, outputClauseAt < 0 ? end : outputClauseAt, writes);
    }

    /// <summary>The name after FORMAT, if that is the clause at the end and not a column or function called `format`.</summary>
    private static string? OutputFormat(SqlTokens tokens)
    {
        if (!tokens.Next() || tokens.Kind != SqlTokenKind.Word)
        {
            return null;
        }

        string name = Encoding.UTF8.GetString(tokens.Text);
        tokens.Next();
        bool atTheEnd = tokens.Kind == SqlTokenKind.End || tokens.Is("SETTINGS"u8) || tokens.Text[0] == (byte)';';
        return atTheEnd ? name : null;
    }

    private static void SkipOpeningParentheses(ref SqlTokens tokens)
    {
        while (tokens.Next() && tokens.Kind == SqlTokenKind.Punctuation && tokens.Text[0] is (byte)'(' or (byte)';')
        {
        }
    }

    private static Statement ParseInsert(ReadOnlySpan<byte> text, ref SqlTokens tokens, string? fallbackFormat)
    {
        while (tokens.Next())
        {
            if (tokens.Depth != 0)
            {
                continue;
            }

            if (tokens.Is("SELECT"u8) || tokens.Is("WITH"u8) || tokens.Is("INFILE"u8) || tokens.Is("WATCH"u8))
            {
                return new Statement(StatementKind.Other, text.Length, text.Length, null, text.Length, true);
            }

            if (tokens.Is("VALUES"u8))
            {
                return new Statement(StatementKind.InsertData, tokens.Start, tokens.End, "Values", 0, true);
            }

            if (tokens.Is("FORMAT"u8))
            {
                int sqlLength = tokens.Start;
                tokens.Next();
                string format = Encoding.UTF8.GetString(tokens.Text);
                return new Statement(StatementKind.InsertData, sqlLength, SkipToData(text, tokens.End), format, 0, true);
            }
        }

        int end = text.TrimEnd(" \t\r\n;"u8).Length;
        return new Statement(StatementKind.InsertData, end, text.Length, fallbackFormat ?? "Values", 0, true);
    }

    /// <summary>Data starts after the first line break if only blanks come before it, else at the first non-blank: the server's rule.</summary>
    private static int SkipToData(ReadOnlySpan<byte> text, int at)
    {
        while (at < text.Length && text[at] is (byte)' ' or (byte)'\t' or (byte)'\f')
        {
            at++;
        }

        at += text[at..].StartsWith("\r\n"u8) ? 2 : text[at..].StartsWith("\n"u8) ? 1 : 0;
        return at;
    }
}
