using System.Text;

namespace Metering.EndToEnd.Tests.Running;

/// <summary>Somebody at the road who sees everything that passes, in the order of one connection, and says what passes instead.</summary>
internal delegate ValueTask<Passed> Inspection(Passing passing);

/// <param name="IsAnswer">Whether it comes from the server.</param>
/// <param name="Bytes">As much of it as came at once.</param>
/// <param name="Request">The beginning of the request that is on its way on this connection, or is being answered, as text.</param>
internal sealed record Passing(bool IsAnswer, ReadOnlyMemory<byte> Bytes, string Request)
{
    public bool Asks(string words) => Request.Contains(words, StringComparison.OrdinalIgnoreCase);
}

/// <param name="Bytes">What is passed on.</param>
/// <param name="ThenBreak">Whether the connection breaks after it.</param>
internal readonly record struct Passed(ReadOnlyMemory<byte> Bytes, bool ThenBreak = false)
{
    /// <summary>It never arrives, and the connection breaks.</summary>
    public static Passed Nothing => new(ReadOnlyMemory<byte>.Empty, ThenBreak: true);
}

/// <summary>The text of a request, gathered until it is answered.</summary>
internal sealed class RequestText
{
    private const int Longest = 16 * 1024;

    private readonly StringBuilder _text = new();
    private bool _answered;

    public void Note(ReadOnlySpan<byte> bytes, bool isAnswer)
    {
        lock (_text)
        {
            if (!isAnswer && _answered)
            {
                _text.Clear();
            }

            _answered = isAnswer;
            if (!isAnswer && _text.Length < Longest)
            {
                _text.Append(Encoding.Latin1.GetString(bytes[..Math.Min(bytes.Length, Longest)]));
            }
        }
    }

    /// <summary>With what an address escapes as it was meant.</summary>
    public override string ToString()
    {
        lock (_text)
        {
            return Uri.UnescapeDataString(_text.Replace('+', ' ').ToString());
        }
    }
}
