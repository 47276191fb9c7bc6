using System.Text;
using Metering.EndToEnd.Tests.Running;

namespace Metering.EndToEnd.Tests.Faults;

/// <summary>
/// ClickHouse answers 200, sends some of the rows, and then fails. The engine does it itself: reads are let have blocks of one row, and no more than a few rows at all. As in
/// every server since 25.11 the exception then stands in the body between tags that a header has announced, and the last chunk never comes. Inserts cannot meet this: they
/// ask for the answer to be held until the end (<c>wait_end_of_query</c>).
/// </summary>
internal sealed class ExceptionMidBody
{
    private int _seen;
    private int _broken;

    /// <summary>Answers that broke off after they had begun.</summary>
    public int Broken => Volatile.Read(ref _broken);

    /// <summary>Every third read is to fail.</summary>
    public ValueTask<Passed> Inspect(Passing passing)
    {
        ReadOnlySpan<byte> post = "POST /?"u8;
        if (passing.IsAnswer)
        {
            Interlocked.Add(ref _broken, passing.Bytes.Span.IndexOf("__exception__"u8) >= 0 ? 1 : 0);
        }
        else if (passing.Bytes.Span.StartsWith(post) && !passing.Asks("INSERT INTO") && !passing.Asks("schema_migrations") && Interlocked.Increment(ref _seen) % 3 == 0)
        {
            byte[] limits = Encoding.ASCII.GetBytes("max_result_rows=20&max_block_size=1&result_overflow_mode=throw&");
            return new(new Passed((byte[])[.. post, .. limits, .. passing.Bytes.Span[post.Length..]]));
        }

        return new(new Passed(passing.Bytes));
    }
}
