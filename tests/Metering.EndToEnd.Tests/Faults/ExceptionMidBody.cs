using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Metering.EndToEnd.Tests.Running;

namespace Metering.EndToEnd.Tests.Faults;

/// <summary>
/// ClickHouse answers 200, sends the first rows of a large answer, and then fails: as every server since 25.11 does it, the exception stands in the body between tags that a
/// header has announced, and the last chunk never comes. A small answer fails as a whole instead, with a status; and inserts ask for theirs to be held until the end
/// (<c>wait_end_of_query</c>), so neither can meet this.
/// </summary>
internal sealed partial class ExceptionMidBody
{
    private const string Head = "\r\n\r\n";
    private const string LastChunk = "\r\n0\r\n\r\n";
    private const string Message =
        "Code: 241. DB::Exception: (total) memory limit exceeded: would use 3.60 GiB, current RSS: 3.61 GiB, maximum: 3.60 GiB. (MEMORY_LIMIT_EXCEEDED)\n";

    private int _seen;

    /// <summary>Answers that broke off after they had begun.</summary>
    public int Broken => Volatile.Read(ref _seen) / 2;

    /// <summary>Every second large answer breaks off.</summary>
    public ValueTask<Passed> Inspect(Passing passing)
    {
        string answer = passing.IsAnswer && passing.Bytes.Span.StartsWith("HTTP/1.1 200"u8) ? Encoding.Latin1.GetString(passing.Bytes.Span) : "";
        bool isLarge = answer.Contains("Transfer-Encoding: chunked", StringComparison.OrdinalIgnoreCase) && !answer.EndsWith(LastChunk, StringComparison.Ordinal);
        return new(isLarge && EndOfFirstChunk(answer) is > 0 and int end && Interlocked.Increment(ref _seen) % 2 == 0
            ? new Passed(Encoding.Latin1.GetBytes(answer[..end] + Exception(Tag().Match(answer).Groups[1].Value)), ThenBreak: true)
            : new Passed(passing.Bytes));
    }

    /// <returns>Zero when it is not all there yet.</returns>
    private static int EndOfFirstChunk(string answer)
    {
        int begin = answer.IndexOf(Head, StringComparison.Ordinal) + Head.Length;
        int line = answer.IndexOf("\r\n", begin, StringComparison.Ordinal);
        int end = line < 0 ? int.MaxValue : line + 4 + int.Parse(answer[begin..line], NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        return end > answer.Length ? 0 : end;
    }

    private static string Exception(string tag)
    {
        string text = string.Create(CultureInfo.InvariantCulture, $"\r\n__exception__\r\n{tag}\r\n{Message}{Message.Length} {tag}\r\n__exception__\r\n");
        return string.Create(CultureInfo.InvariantCulture, $"{text.Length:x}\r\n{text}\r\n");
    }

    [GeneratedRegex("X-ClickHouse-Exception-Tag: ([0-9a-zA-Z]+)", RegexOptions.IgnoreCase)]
    private static partial Regex Tag();
}
