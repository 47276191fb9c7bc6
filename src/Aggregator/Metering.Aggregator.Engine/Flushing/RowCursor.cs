using System.Buffers.Binary;
using Metering.Contracts;

namespace Metering.Aggregator.Engine.Flushing;

/// <summary>
/// Reads the fields of one RowBinary row from bytes that may end in the middle of it: read all fields, then ask <see cref="IsComplete"/>. After
/// the end everything reads as empty.
/// </summary>
public ref struct RowCursor(ReadOnlySpan<byte> bytes)
{
    private readonly ReadOnlySpan<byte> _bytes = bytes;

    /// <summary>Bytes read.</summary>
    public int Position { get; private set; }

    /// <summary>Whether every field read so far was there.</summary>
    public bool IsComplete { get; private set; } = true;

    public byte UInt8() => Take(1) is [byte value] ? value : (byte)0;

    public uint UInt32() => Take(4) is { Length: 4 } value ? BinaryPrimitives.ReadUInt32LittleEndian(value) : 0;

    public ulong UInt64() => Take(8) is { Length: 8 } value ? BinaryPrimitives.ReadUInt64LittleEndian(value) : 0;

    public long Int64() => (long)UInt64();

    public Quantity Decimal() => Take(Quantity.Size) is { Length: Quantity.Size } value ? Quantity.Read(value) : default;

    public EventIdentity Identity() => Take(EventIdentity.Size) is { Length: EventIdentity.Size } value ? EventIdentity.Read(value) : default;

    /// <summary><c>DateTime64(7)</c> as .NET ticks.</summary>
    public long Ticks() => Int64() + DateTimeOffset.UnixEpoch.Ticks;

    public ReadOnlySpan<byte> String() => Take(Length());

    /// <summary>An <c>Array(String)</c>, still in RowBinary.</summary>
    public ReadOnlySpan<byte> StringArray()
    {
        int start = Position;
        for (int left = Length(); left > 0 && IsComplete; left--)
        {
            String();
        }

        return IsComplete ? _bytes[start..Position] : default;
    }

    private int Length()
    {
        uint length = 0;
        for (int shift = 0; shift < 35; shift += 7)
        {
            byte next = UInt8();
            length |= (uint)(next & 0x7F) << shift;
            if (next < 0x80)
            {
                break;
            }
        }

        return (int)length;
    }

    private ReadOnlySpan<byte> Take(int length)
    {
        if (!IsComplete || length < 0 || _bytes.Length - Position < length)
        {
            IsComplete = false;
            return default;
        }

        ReadOnlySpan<byte> value = _bytes.Slice(Position, length);
        Position += length;
        return value;
    }
}
