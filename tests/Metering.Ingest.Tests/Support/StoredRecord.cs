using System.Text;
using Metering.Contracts;

namespace Metering.Ingest.Tests.Support;

/// <summary>A record as it was appended, with texts.</summary>
internal sealed record StoredRecord(
    int Partition, RecordKind Kind, string Tenant, string Source, string Id, string Type, string Subject, long TimeTicks, ulong PayloadHash,
    string Data, string Attributes, string Key, string Reason, string Code)
{
    public static StoredRecord Read(int partition, ReadOnlySpan<byte> bytes)
    {
        if (!UsageRecordCodec.TryRead(bytes, out UsageRecord record, out string? problem))
        {
            throw new InvalidDataException(problem);
        }

        return new StoredRecord(
            partition, record.Kind, Text(record.Tenant), Text(record.Source), Text(record.Id), Text(record.Type), Text(record.Subject),
            record.TimeTicks, record.PayloadHash, Text(record.Data), Text(record.Attributes), Text(record.Key), Text(record.Reason), Text(record.Code));
    }

    private static string Text(ReadOnlySpan<byte> bytes) => Encoding.UTF8.GetString(bytes);
}
