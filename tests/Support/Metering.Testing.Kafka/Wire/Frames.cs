using System.Buffers.Binary;

namespace Metering.Testing.Kafka.Wire;

/// <summary>Requests and answers on a connection: four bytes of length, then so many bytes. A frame here includes its length.</summary>
internal static class Frames
{
    // socket.request.max.bytes
    private const int Longest = 100 << 20;

    /// <exception cref="WireViolationException">It is longer than brokers take: no frame, but somebody who speaks TLS.</exception>
    public static async Task<byte[]> ReadAsync(Stream source)
    {
        byte[] length = new byte[4];
        await source.ReadExactlyAsync(length);
        int bytes = BinaryPrimitives.ReadInt32BigEndian(length);
        byte[] frame = bytes is >= 0 and <= Longest ? new byte[4 + bytes] : throw new WireViolationException($"A frame of {bytes} bytes.");
        length.CopyTo(frame, 0);
        await source.ReadExactlyAsync(frame.AsMemory(4));
        return frame;
    }

    /// <summary>The number that an answer has from its request.</summary>
    public static int AnswerId(ReadOnlySpan<byte> frame) => BinaryPrimitives.ReadInt32BigEndian(frame[4..]);
}
