using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Metering.EndToEnd.Tests.Running;

namespace Metering.EndToEnd.Tests.Faults;

/// <summary>
/// ClickHouse answers 200, sends half of the rows, and then fails: as the server does it since 25.11, the exception stands in the body between tags that a header has
/// announced, and the last chunk never comes. Only reads can meet this: inserts ask for the answer to be held until the end (<c>wait_end_of_query</c>).
/// </summary>
internal sealed partial class ExceptionMidBody
{
    private const string Success = "HTTP/1.1 200";
    private int _struck;

    public int Struck => Volatile.Read(ref _struck);

    /// <summary>Every third answer with rows.</summary>
    public ValueTask<Passed> Inspect(Passing passing)
    {
        string answer = passing.IsAnswer ? Encoding.Latin1.GetString(passing.Bytes.Span) : "";
        int body = answer.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        bool isRead = body > 0 && answer.StartsWith(Success, StringComparison.Ordinal) && !passing.Asks("INSERT INTO") && Tag().IsMatch(answer);
        if (!isRead || Random.Shared.Next(3) != 0)
        {
            return new(new Passed(passing.Bytes));
        }

        Interlocked.Increment(ref _struck);
        return new(new Passed(Encoding.Latin1.GetBytes(Broken(answer[..body], answer[(body + 4)..])), ThenBreak: true));
    }

    private static string Broken(string headers, string body)
    {
        string tag = Tag().Match(headers).Groups[1].Value;
        string rows = headers.Contains("chunked", StringComparison.OrdinalIgnoreCase) ? FirstChunk(body) : body;
        const string Message = "Code: 241. DB::Exception: (total) memory limit exceeded: would use 3.60 GiB, current RSS: 3.61 GiB, maximum: 3.60 GiB. (MEMORY_LIMIT_EXCEEDED)\n";
        string tail = string.Create(CultureInfo.InvariantCulture, $"\r\n__exception__\r\n{tag}\r\n{Message}{Message.Length} {tag}\r\n__exception__\r\n");
        string kept = string.Join("\r\n", headers.Split("\r\n").Where(line => !Length().IsMatch(line)));
        return $"{kept}\r\nTransfer-Encoding: chunked\r\n\r\n{Chunk(rows[..(rows.Length / 2)])}{Chunk(tail)}";
    }

    private static string FirstChunk(string body)
    {
        int line = body.IndexOf("\r\n", StringComparison.Ordinal);
        int length = line < 0 ? 0 : int.Parse(body[..line], NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        return line < 0 ? "" : body.Substring(line + 2, Math.Min(length, body.Length - line - 2));
    }

    private static string Chunk(string text) => text.Length == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"{text.Length:x}\r\n{text}\r\n");

    [GeneratedRegex("X-ClickHouse-Exception-Tag: ([0-9a-zA-Z]+)", RegexOptions.IgnoreCase)]
    private static partial Regex Tag();

    [GeneratedRegex("^(Content-Length|Transfer-Encoding):", RegexOptions.IgnoreCase)]
    private static partial Regex Length();
}
