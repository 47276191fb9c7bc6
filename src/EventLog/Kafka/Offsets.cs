using Confluent.Kafka;

namespace Metering.EventLog.Kafka;

/// <summary>Kafka counts a partition's records from 0, the port's offsets are above zero: ours are one higher.</summary>
internal static class Offsets
{
    public static long FromKafka(long offset) => offset + 1;

    /// <summary>Where a reader starts; 0 is the beginning, whatever is retained.</summary>
    public static Offset ToKafka(long offset) => offset == 0 ? Offset.Beginning : new Offset(offset - 1);
}
