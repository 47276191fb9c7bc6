using System.Buffers;
using System.Buffers.Binary;
using Metering.Contracts;

namespace Metering.Aggregator.Engine.Flushing;

/// <summary>Rows in ClickHouse's RowBinary, in one pooled buffer. One writer at a time; nothing is allocated once it is warm.</summary>
public sealed class RowBuffer : IDisposable
{
    private byte[] _bytes = ArrayPool<byte>.Shared.Rent(4096);

    public int Length { get; private set; }

    /// <summary>Rows that were ended.</summary>
    public int Rows { get; private set; }

    public ReadOnlyMemory<byte> Written => _bytes.AsMemory(0, Length);

    public void EndRow() => Rows++;

    public void Clear() => Length = Rows = 0;

    public void UInt8(byte value) => Reserve(1)[0] = value;

    public void UInt16(ushort value) => BinaryPrimitives.WriteUInt16LittleEndian(Reserve(2), value);

    public void UInt32(uint value) => BinaryPrimitives.WriteUInt32LittleEndian(Reserve(4), value);

    public void UInt64(ulong value) => BinaryPrimitives.WriteUInt64LittleEndian(Reserve(8), value);

    public void Int64(long value) => BinaryPrimitives.WriteInt64LittleEndian(Reserve(8), value);

    public void Decimal(in Quantity value) => value.Write(Reserve(Quantity.Size));

    public void Identity(in EventIdentity value) => value.Write(Reserve(EventIdentity.Size));

    /// <summary><c>DateTime64(7)</c> from .NET ticks.</summary>
    public void Ticks(long ticks) => Int64(ticks - DateTimeOffset.UnixEpoch.Ticks);

    /// <summary><c>DateTime</c> from minutes since 1970.</summary>
    public void Minute(int minute) => UInt32(checked((uint)minute * 60));

    public void String(scoped ReadOnlySpan<byte> value)
    {
        Size((uint)value.Length);
        Raw(value);
    }

    /// <summary>How many bytes a string has, or elements an array.</summary>
    public void Size(uint size)
    {
        Span<byte> target = Reserve(VarintSize(size));
        int at = 0;
        for (; size >= 0x80; size >>= 7)
        {
            target[at++] = (byte)(size | 0x80);
        }

        target[at] = (byte)size;
    }

    public void Raw(scoped ReadOnlySpan<byte> bytes) => bytes.CopyTo(Reserve(bytes.Length));

    public void Append(RowBuffer other)
    {
        Raw(other.Written.Span);
        Rows += other.Rows;
    }

    public void Dispose()
    {
        byte[] bytes = Interlocked.Exchange(ref _bytes, []);
        if (bytes.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(bytes);
        }
    }

    private Span<byte> Reserve(int size)
    {
        if (_bytes.Length - Length < size)
        {
            Grow(size);
        }

        Span<byte> span = _bytes.AsSpan(Length, size);
        Length += size;
        return span;
    }

    private void Grow(int size)
    {
        byte[] larger = ArrayPool<byte>.Shared.Rent(Math.Max(checked(Length + size), _bytes.Length * 2));
        _bytes.AsSpan(0, Length).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(_bytes);
        _bytes = larger;
    }

    private static int VarintSize(uint value)
    {
        int size = 1;
        for (; value >= 0x80; value >>= 7)
        {
            size++;
        }

        return size;
    }
}
