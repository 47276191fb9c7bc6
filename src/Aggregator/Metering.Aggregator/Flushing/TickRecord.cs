using System.Buffers;
using Metering.Contracts;
using Metering.EventLog;

namespace Metering.Aggregator.Flushing;

/// <summary>A record that is nothing but its append time.</summary>
internal static class TickRecord
{
    private static readonly byte[] s_bytes = Encode();

    public static bool Is(ReadOnlySpan<byte> value) => value.SequenceEqual(s_bytes);

    public static void AddTo(AppendBatch batch, int partition)
    {
        batch.Write(s_bytes);
        batch.EndRecord(partition);
    }

    private static byte[] Encode()
    {
        ArrayBufferWriter<byte> output = new();
        UsageRecordCodec.Write(new UsageRecord { Kind = RecordKind.Tick }, output);
        return output.WrittenSpan.ToArray();
    }
}
