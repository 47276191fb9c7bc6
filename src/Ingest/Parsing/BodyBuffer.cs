using System.Buffers;
using Metering.Ingest.Publishing;

namespace Metering.Ingest.Parsing;

/// <summary>
/// A body in one piece of pooled memory. It grows with the bytes that have really come, never with what a header announces, and every
/// growth is accounted in the request's reservation.
/// </summary>
internal sealed class BodyBuffer(InFlightBytes.Reservation reservation) : IDisposable
{
    private const int InitialBytes = 16 * 1024;

    private byte[] _bytes = [];
    private int _length;

    public ReadOnlyMemory<byte> Written => _bytes.AsMemory(0, _length);

    public int Length => _length;

    /// <summary>Room for more; never empty after <see cref="TryMakeRoom"/>.</summary>
    public Memory<byte> Free => _bytes.AsMemory(_length);

    /// <returns>False when too many bytes are in flight.</returns>
    public bool TryMakeRoom(int needed)
    {
        if (_bytes.Length - _length >= needed)
        {
            return true;
        }

        int wanted = Math.Max(Math.Max(InitialBytes, _length + needed), _bytes.Length > int.MaxValue / 2 ? int.MaxValue : _bytes.Length * 2);
        byte[] larger = ArrayPool<byte>.Shared.Rent(wanted);
        if (!reservation.TryGrow(larger.Length - _bytes.Length))
        {
            ArrayPool<byte>.Shared.Return(larger);
            return false;
        }

        _bytes.AsSpan(0, _length).CopyTo(larger);
        Release();
        _bytes = larger;
        return true;
    }

    public void Advance(int count) => _length += count;

    public void Dispose()
    {
        Release();
        _bytes = [];
        _length = 0;
    }

    private void Release()
    {
        if (_bytes.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_bytes);
        }
    }
}
