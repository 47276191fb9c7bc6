namespace Metering.Contracts;

/// <summary>What a record of <c>usage.events</c> is. The numbers are on disk: never reuse one.</summary>
public enum RecordKind : byte
{
    /// <summary>A usage event.</summary>
    Use = 0,

    /// <summary>Takes the event (tenant, source, id) back, whenever it came or comes.</summary>
    Void = 1,

    /// <summary>Replaces type, subject, time and data of the event (tenant, source, id).</summary>
    Amend = 2,

    /// <summary>Nothing but an append time: lets an idle partition's clock advance.</summary>
    Tick = 3,

    /// <summary>An event refused at ingest: <c>Data</c> holds its bytes, <c>Code</c> and <c>Reason</c> say why. Claims no identity.</summary>
    Rejected = 4,
}

/// <summary>
/// One record of the <c>usage.events</c> topic, as spans over memory that somebody else owns. <c>usage_record.proto</c> is its schema; the
/// bytes are written and read here by hand, because the generated code allocates an object and several strings per event.
/// </summary>
public ref struct UsageRecord
{
    public RecordKind Kind;

    /// <summary>UTF-8, as are all texts here.</summary>
    public ReadOnlySpan<byte> Tenant;

    /// <summary>With <see cref="Id"/> the identity of the event this record is or is about.</summary>
    public ReadOnlySpan<byte> Source;

    public ReadOnlySpan<byte> Id;

    public ReadOnlySpan<byte> Type;

    public ReadOnlySpan<byte> Subject;

    /// <summary>Event time: .NET ticks (100 ns since 0001-01-01) in UTC.</summary>
    public long TimeTicks;

    /// <summary><see cref="PayloadHasher"/> over type, subject and data. Two records of one identity with different hashes are in conflict.</summary>
    public ulong PayloadHash;

    /// <summary>The JSON text of <c>data</c> exactly as it was sent; empty when there was none.</summary>
    public ReadOnlySpan<byte> Data;

    /// <summary>A JSON object with the event's other CloudEvents attributes (dataschema, extensions); empty when there were none.</summary>
    public ReadOnlySpan<byte> Attributes;

    /// <summary>For a void or amendment: what makes it this one (see <see cref="EventIdentity.OfCorrection"/>).</summary>
    public ReadOnlySpan<byte> Key;

    /// <summary>Why: the text given with a void or amendment, or the message of a rejection.</summary>
    public ReadOnlySpan<byte> Reason;

    /// <summary>For a rejection: its machine-readable code.</summary>
    public ReadOnlySpan<byte> Code;
}
