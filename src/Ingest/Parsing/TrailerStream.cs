using System.Buffers.Binary;

namespace Metering.Ingest.Parsing;

/// <summary>
/// Remembers the last four bytes that were read: of a gzip body, the length of what it holds. The framework's GZipStream takes a body that
/// was cut off for a shorter one, and cut-off lines of events would be lost without a word.
/// </summary>
internal sealed class TrailerStream(Stream inner) : Stream
{
    // Header and trailer of a gzip member and the shortest content.
    private const int ShortestMember = 20;

    private readonly byte[] _last = new byte[4];
    private long _count;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    /// <summary>Reads what the decoder left, then compares. Also refuses concatenated gzip members, whose last length is not that of all.</summary>
    public async ValueTask<bool> IsCompleteAsync(long decodedLength, CancellationToken cancellationToken)
    {
        byte[] rest = new byte[1024];
        while (await ReadAsync(rest, cancellationToken).ConfigureAwait(false) > 0)
        {
        }

        bool whole = _count == 0 || _count >= ShortestMember;
        return whole && BinaryPrimitives.ReadUInt32LittleEndian(_last) == (uint)decodedLength;
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        int count = await inner.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
        Remember(buffer.Span[..count]);
        return count;
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Flush()
    {
    }

    private void Remember(ReadOnlySpan<byte> bytes)
    {
        _count += bytes.Length;
        ReadOnlySpan<byte> tail = bytes.Length > _last.Length ? bytes[^_last.Length..] : bytes;
        _last.AsSpan(tail.Length).CopyTo(_last);
        tail.CopyTo(_last.AsSpan(_last.Length - tail.Length));
    }
}
