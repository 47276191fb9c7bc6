using System.Buffers.Binary;
using Metering.Testing.Kafka.Wire;

namespace Metering.Testing.Kafka.Edge;

/// <summary>The versions of a request that a front answers by itself.</summary>
internal readonly record struct ApiRange(Api Api, short Lowest, short Highest)
{
    private const int Count = 4 + 4 + 2, Rows = Count + 4, RowBytes = 6;

    public void Check(short version)
    {
        if (version < Lowest || version > Highest)
        {
            throw new WireViolationException($"{Api} version {version} was not offered.");
        }
    }

    /// <summary>Adds requests to a broker's answer to ApiVersions, version 0 to 2 (and 0 is what it answers to a version that it does not know).</summary>
    public static byte[] AddTo(byte[] frame, IReadOnlyList<ApiRange> added)
    {
        byte[] longer = new byte[frame.Length + (added.Count * RowBytes)];
        frame.AsSpan(0, Rows).CopyTo(longer);
        BinaryPrimitives.WriteInt32BigEndian(longer, longer.Length - 4);
        BinaryPrimitives.WriteInt32BigEndian(longer.AsSpan(Count), BinaryPrimitives.ReadInt32BigEndian(frame.AsSpan(Count)) + added.Count);
        Span<byte> rest = longer.AsSpan(Rows);
        foreach (ApiRange one in added)
        {
            BinaryPrimitives.WriteInt16BigEndian(rest, (short)one.Api);
            BinaryPrimitives.WriteInt16BigEndian(rest[2..], one.Lowest);
            BinaryPrimitives.WriteInt16BigEndian(rest[4..], one.Highest);
            rest = rest[RowBytes..];
        }

        frame.AsSpan(Rows).CopyTo(rest);
        return longer;
    }
}
