using Metering.Aggregator.Engine.Windowing;
using Metering.Contracts;

namespace Metering.Simulation.ClickHouse;

internal sealed record RawRow(
    string Tenant, string Type, string Subject, long Ticks, int Part, long Offset, long AtMs, EventIdentity Identity, EventIdentity Target, ulong PayloadHash,
    string Source, string Id, string Data, RecordKind Kind, long TargetOffset, bool IsBornVoid, byte Version);

/// <summary>What a window, or a point of it, is: the columns tenant to kind. The group is RowBinary as it came.</summary>
internal sealed record WindowColumns(
    string Tenant, uint Meter, string Subject, int Minute, string Group, Quantity V, long Vt, EventIdentity Vid, DeltaKind Kind);

internal sealed record DeltaRow(WindowColumns Window, int Part, long Lo, long Hi, uint AtSeconds, Quantity Sum, long Count);

internal sealed record WindowRow(WindowColumns Window, long SealNo, DateTimeOffset SealedAt, Quantity Sum, long Count);

internal sealed record DeadLetterRow(int Part, long Offset, string Code);

internal sealed record FlushRow(int Part, long FlushNo, long Lo, long Hi, long Records, long Accepted, long Duplicates, long Dead, long Ticks, EventIdentity Xor, long AtMs);
