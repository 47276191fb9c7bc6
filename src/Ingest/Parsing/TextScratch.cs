using System.Text.Json;

namespace Metering.Ingest.Parsing;

/// <summary>
/// Where the strings of one event that have escapes are unescaped to. Spans that were given stay valid until <see cref="Reset"/>: when it
/// grows, the old memory is left to them. Bounded by the size of an event.
/// </summary>
internal sealed class TextScratch
{
    private byte[] _bytes = new byte[1024];
    private int _used;

    public void Reset() => _used = 0;

    /// <summary>The text of a string or a name that has no lone surrogates and is valid UTF-8.</summary>
    public ReadOnlySpan<byte> Unescape(scoped ref Utf8JsonReader reader)
    {
        Span<byte> target = Take(reader.ValueSpan.Length);
        int length = reader.CopyString(target);
        _used += length;
        return target[..length];
    }

    /// <summary>A copy of bytes whose own memory ends too early.</summary>
    public Span<byte> Copy(scoped ReadOnlySpan<byte> bytes)
    {
        Span<byte> target = Take(bytes.Length)[..bytes.Length];
        bytes.CopyTo(target);
        _used += bytes.Length;
        return target;
    }

    private Span<byte> Take(int atMost)
    {
        if (_bytes.Length - _used < atMost)
        {
            _bytes = new byte[Math.Max(_bytes.Length * 2, atMost)];
            _used = 0;
        }

        return _bytes.AsSpan(_used);
    }
}
