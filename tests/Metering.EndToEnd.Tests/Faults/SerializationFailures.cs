using System.Buffers.Binary;
using System.Text;
using Metering.EndToEnd.Tests.Running;

namespace Metering.EndToEnd.Tests.Faults;

/// <summary>
/// PostgreSQL ends a transaction in favour of another one. What the update came to is replaced by the error that the server sends then, and by its word that the
/// transaction has failed; the client rolls it back, and the server does so.
/// </summary>
internal sealed class SerializationFailures
{
    private const byte Complete = (byte)'C';
    private const byte Ready = (byte)'Z';
    private static readonly byte[] s_failed = [.. Message('E', "SERROR\0VERROR\0C40001\0Mcould not serialize access due to concurrent update\0\0"), .. Message('Z', "E")];
    private int _seen;

    public ValueTask<Passed> Inspect(Passing passing)
    {
        bool isFlush = passing.IsAnswer && (passing.Asks("set pend_lo = $3") || passing.Asks("set confirmed = $4"));
        int begun = isFlush ? EndOfBegin(passing.Bytes.Span) : 0;
        bool isWhole = isFlush && passing.Bytes.Length > begun && passing.Bytes.Span.EndsWith("Z\0\0\0\u0005T"u8);
        return new(isWhole && Interlocked.Increment(ref _seen) % 2 == 0
            ? new Passed((byte[])[.. passing.Bytes.Span[..begun], .. s_failed])
            : new Passed(passing.Bytes));
    }

    /// <summary>How many bytes are the answer to a BEGIN that went before.</summary>
    private static int EndOfBegin(ReadOnlySpan<byte> bytes)
    {
        int at = 0;
        bool begun = false;
        while (at + 5 <= bytes.Length)
        {
            int next = at + 1 + BinaryPrimitives.ReadInt32BigEndian(bytes[(at + 1)..]);
            if (next > bytes.Length)
            {
                return 0;
            }

            begun |= bytes[at] == Complete && bytes[(at + 5)..next].SequenceEqual("BEGIN\0"u8);
            if (bytes[at] == Ready && begun)
            {
                return next;
            }

            at = next;
        }

        return 0;
    }

    private static byte[] Message(char kind, string text)
    {
        byte[] message = new byte[5 + text.Length];
        message[0] = (byte)kind;
        BinaryPrimitives.WriteInt32BigEndian(message.AsSpan(1), 4 + text.Length);
        Encoding.ASCII.GetBytes(text, message.AsSpan(5));
        return message;
    }
}
