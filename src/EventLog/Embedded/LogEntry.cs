using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;
using FASTER.core;

namespace Metering.EventLog.Embedded;

/// <summary>
/// What the log writes for one record: a header of 24 bytes, then the value.
/// <code>
///  0  u32  CRC-32C of everything after it, seeded by the topic's id
///  4  u16  partition
///  6  u16  zero
///  8  i64  append time, ms
/// 16  i64  sequence number: 1, 2, 3 … over the whole topic
/// </code>
/// FasterLog's own checksum is an XOR of words and a zeroed length makes it jump to the next page without a word, so neither swapped words nor
/// a lost stretch would show. The CRC shows the first, a gap in the sequence the second.
/// </summary>
internal readonly struct LogEntry(AppendBatch batch, int index, long appendTimeMs, long sequence, uint seed) : ILogEnqueueEntry
{
    public const int HeaderBytes = 24;

    /// <summary>FasterLog's header: checksum and length.</summary>
    public const int FasterHeaderBytes = 12;

    public int SerializedLength => HeaderBytes + batch.Value(index).Length;

    /// <summary>What a value takes in the log, headers and alignment included.</summary>
    public static int SpaceFor(int valueBytes) => FasterHeaderBytes + ((HeaderBytes + valueBytes + 3) & ~3);

    public void SerializeTo(Span<byte> dest)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(dest[4..], (ushort)batch.Partition(index));
        BinaryPrimitives.WriteUInt16LittleEndian(dest[6..], 0);
        BinaryPrimitives.WriteInt64LittleEndian(dest[8..], appendTimeMs);
        BinaryPrimitives.WriteInt64LittleEndian(dest[16..], sequence);
        batch.Value(index).Span.CopyTo(dest[HeaderBytes..]);
        BinaryPrimitives.WriteUInt32LittleEndian(dest, Crc32C(seed, dest[4..]));
    }

    /// <summary>Whether the bytes are an undamaged entry of the topic with this seed.</summary>
    public static bool IsIntact(ReadOnlySpan<byte> entry, uint seed) =>
        entry.Length >= HeaderBytes && BinaryPrimitives.ReadUInt32LittleEndian(entry) == Crc32C(seed, entry[4..]);

    public static int Partition(ReadOnlySpan<byte> entry) => BinaryPrimitives.ReadUInt16LittleEndian(entry[4..]);

    public static long AppendTimeMs(ReadOnlySpan<byte> entry) => BinaryPrimitives.ReadInt64LittleEndian(entry[8..]);

    public static long Sequence(ReadOnlySpan<byte> entry) => BinaryPrimitives.ReadInt64LittleEndian(entry[16..]);

    public static uint Crc32C(uint crc, ReadOnlySpan<byte> bytes)
    {
        crc = ~crc;
        ReadOnlySpan<ulong> words = MemoryMarshal.Cast<byte, ulong>(bytes);
        foreach (ulong word in words)
        {
            crc = BitOperations.Crc32C(crc, word);
        }

        foreach (byte b in bytes[(words.Length * sizeof(ulong))..])
        {
            crc = BitOperations.Crc32C(crc, b);
        }

        return ~crc;
    }
}
