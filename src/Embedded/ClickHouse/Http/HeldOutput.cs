using System.Buffers;

namespace Metering.Embedded.ClickHouse.Http;

/// <summary>Output that is not sent yet, in rented pieces.</summary>
internal sealed class HeldOutput : IDisposable
{
    private readonly List<(byte[] Piece, int Length)> _pieces = [];

    public long Bytes { get; private set; }

    public void Add(ReadOnlySpan<byte> bytes)
    {
        byte[] piece = ArrayPool<byte>.Shared.Rent(bytes.Length);
        bytes.CopyTo(piece);
        _pieces.Add((piece, bytes.Length));
        Bytes += bytes.Length;
    }

    public void MoveTo(ResponseWriter response)
    {
        foreach ((byte[] piece, int length) in _pieces)
        {
            response.Write(piece.AsSpan(0, length));
        }

        Dispose();
    }

    public void Dispose()
    {
        _pieces.ForEach(item => ArrayPool<byte>.Shared.Return(item.Piece));
        _pieces.Clear();
        Bytes = 0;
    }
}
