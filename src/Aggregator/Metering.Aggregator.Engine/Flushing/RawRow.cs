using Metering.Aggregator.Engine.Windowing;
using Metering.Contracts;

namespace Metering.Aggregator.Engine.Flushing;

/// <summary>What the engine found out about an accepted record, beside what the record says.</summary>
internal struct RawRow
{
    public EventIdentity Self;
    public EventIdentity Target;
    public bool IsCorrection;
    public long TargetOffset;
    public bool BornVoid;
    public Contributions.Outcome Outcome;

    public readonly void Write(RowBuffer rows, int partition, in Position position, in UsageRecord record, ReadOnlySpan<byte> problem)
    {
        rows.String(record.Tenant);
        rows.String(record.Type);
        rows.String(record.Subject);
        // A void has no time of its own; the column must hold one.
        rows.Ticks(record.Kind == RecordKind.Void ? EventTime.TicksOfUnixMs(position.AtMs) : record.TimeTicks);
        rows.UInt16((ushort)partition);
        rows.UInt64((ulong)position.Offset);
        rows.Int64(position.AtMs);
        rows.Identity(Self);
        rows.Identity(IsCorrection ? Target : default);
        rows.UInt64(record.PayloadHash);
        rows.String(record.Source);
        rows.String(record.Id);
        rows.String(record.Data);
        rows.String(record.Attributes);
        rows.UInt8((byte)record.Kind);
        rows.UInt64((ulong)TargetOffset);
        rows.UInt8(BornVoid ? (byte)1 : (byte)0);
        rows.String(problem);
        rows.UInt8(Outcome.Rounded ? (byte)1 : (byte)0);
        rows.String(record.Key);
        rows.String(record.Reason);
        rows.UInt8(0);
        rows.EndRow();
    }
}
