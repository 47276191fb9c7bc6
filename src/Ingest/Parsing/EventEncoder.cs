using Metering.Contracts;
using Metering.EventLog;
using Metering.Ingest.Validation;

namespace Metering.Ingest.Parsing;

/// <summary>An event's JSON becomes a record of its identity's partition.</summary>
internal sealed class EventEncoder(EventParser parser) : IElementEncoder
{
    public Problem Encode(ReadOnlySpan<byte> text, in BatchContext context, bool exact, AppendBatch records, out int length)
    {
        UsageRecord record = new() { Kind = RecordKind.Use, Tenant = context.Tenant };
        Problem problem = parser.Parse(text, context.Form, context.NowTicks, ref record, out length);
        if (problem.IsNone && exact && length != text.Length)
        {
            problem = BodyProblems.TrailingText;
        }

        if (problem.IsNone)
        {
            UsageRecordCodec.Write(record, records);
            records.EndRecord(EventIdentity.Of(record.Tenant, record.Source, record.Id).Partition(context.Partitions));
        }

        return problem;
    }
}
