using Metering.Contracts;
using Metering.Ingest.Parsing;

namespace Metering.Ingest.Http;

/// <summary>What distinguishes the endpoints; everything else is <see cref="IngestHandler"/>.</summary>
/// <param name="Pattern">The path.</param>
/// <param name="Kind">Use, Void or Amend.</param>
/// <param name="Form">What an event must have.</param>
/// <param name="IsOpenMeter">All or nothing, 204, and OpenMeter's problem shape and content types.</param>
internal sealed record IngestRoute(string Pattern, RecordKind Kind, EventForm Form, bool IsOpenMeter)
{
    public static IngestRoute OpenMeter { get; } = new("/api/v1/events", RecordKind.Use, EventForm.OpenMeter, IsOpenMeter: true);

    public static IngestRoute Events { get; } = new("/v1/events", RecordKind.Use, EventForm.Native, IsOpenMeter: false);

    public static IngestRoute Void { get; } = new("/v1/events/void", RecordKind.Void, EventForm.Native, IsOpenMeter: false);

    public static IngestRoute Amend { get; } = new("/v1/events/amend", RecordKind.Amend, EventForm.Amendment, IsOpenMeter: false);

    public static IReadOnlyList<IngestRoute> All { get; } = [OpenMeter, Events, Void, Amend];
}
