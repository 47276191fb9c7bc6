using Confluent.Kafka;

namespace Metering.EventLog.Kafka;

/// <summary>
/// Which record of which append a delivery report is about. It travels as the record's key, because the client hands that back in the report
/// without copying; the record itself has no key. So no closure is made per record.
/// </summary>
internal readonly record struct RecordTag(KafkaAppend Append, int Index)
{
    internal sealed class NoKey : ISerializer<RecordTag>
    {
        public byte[] Serialize(RecordTag data, SerializationContext context) => null!;
    }
}

/// <summary>The client takes whole arrays only, and copies them before it returns.</summary>
internal sealed class ValueBytes : ISerializer<ReadOnlyMemory<byte>>
{
    public byte[] Serialize(ReadOnlyMemory<byte> data, SerializationContext context) => data.ToArray();
}
