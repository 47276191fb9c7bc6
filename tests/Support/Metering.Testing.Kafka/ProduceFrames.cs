using System.Buffers.Binary;
using System.Numerics;
using Metering.Testing.Kafka.Wire;

namespace Metering.Testing.Kafka;

/// <summary>Reads and stamps Kafka's Produce frames, versions 3 to 7, with batches of format 2. A frame begins with its length.</summary>
internal static class ProduceFrames
{
    // Places in a record batch.
    private const int Crc = 17, Attributes = 21, MaxTimestamp = 35;
    private const short LogAppendTime = 8;

    public static bool IsProduce(ReadOnlySpan<byte> frame) => Int16(frame, 4) == (short)Api.Produce;

    public static int RequestId(ReadOnlySpan<byte> frame) => Int32(frame, 8);

    public static void StampRequest(Span<byte> frame, long time)
    {
        int at = SkipString(frame, 12); // client id
        at = SkipString(frame, at); // transactional id
        at += 2 + 4; // acks, timeout
        for (int topics = Int32(frame, at, ref at); topics > 0; topics--)
        {
            at = SkipString(frame, at);
            for (int partitions = Int32(frame, at, ref at); partitions > 0; partitions--)
            {
                at += 4;
                int bytes = Int32(frame, at, ref at);
                StampBatch(frame.Slice(at, bytes), time);
                at += bytes;
            }
        }
    }

    public static void StampAnswer(Span<byte> frame, long time)
    {
        int at = 8;
        for (int topics = Int32(frame, at, ref at); topics > 0; topics--)
        {
            at = SkipString(frame, at);
            for (int partitions = Int32(frame, at, ref at); partitions > 0; partitions--)
            {
                bool failed = Int16(frame, at + 4) != 0;
                BinaryPrimitives.WriteInt64BigEndian(frame[(at + 14)..], failed ? -1 : time);
                at += 4 + 2 + 8 + 8 + 8; // partition, error, offset, time, start
            }
        }
    }

    private static void StampBatch(Span<byte> batch, long time)
    {
        BinaryPrimitives.WriteInt16BigEndian(batch[Attributes..], (short)(Int16(batch, Attributes) | LogAppendTime));
        BinaryPrimitives.WriteInt64BigEndian(batch[MaxTimestamp..], time);
        BinaryPrimitives.WriteUInt32BigEndian(batch[Crc..], Crc32C(batch[Attributes..]));
    }

    private static uint Crc32C(ReadOnlySpan<byte> bytes)
    {
        uint crc = uint.MaxValue;
        foreach (byte one in bytes)
        {
            crc = BitOperations.Crc32C(crc, one);
        }

        return ~crc;
    }

    private static int SkipString(ReadOnlySpan<byte> frame, int at) => at + 2 + Math.Max((short)0, Int16(frame, at));

    private static short Int16(ReadOnlySpan<byte> frame, int at) => BinaryPrimitives.ReadInt16BigEndian(frame[at..]);

    private static int Int32(ReadOnlySpan<byte> frame, int at) => BinaryPrimitives.ReadInt32BigEndian(frame[at..]);

    private static int Int32(ReadOnlySpan<byte> frame, int at, ref int next)
    {
        next = at + 4;
        return Int32(frame, at);
    }
}
