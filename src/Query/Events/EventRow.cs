namespace Metering.Query.Events;

/// <summary>An event as it counts now: in its last version, or the original when it was taken back.</summary>
internal sealed record EventRow
{
    public required string Source { get; init; }

    public required string Id { get; init; }

    public required string Type { get; init; }

    public required string Subject { get; init; }

    public required DateTimeOffset Time { get; init; }

    /// <summary>The JSON text of <c>data</c> as it was sent; empty when there was none.</summary>
    public required string Data { get; init; }

    /// <summary>A JSON object of further CloudEvents attributes; may be empty.</summary>
    public required string Attributes { get; init; }

    /// <summary>When this version was appended to the log, which is also when it was durable.</summary>
    public required DateTimeOffset IngestedAt { get; init; }

    /// <summary>What a meter said when the event came; may be empty.</summary>
    public required string Problem { get; init; }

    public required bool Amended { get; init; }

    public required bool Voided { get; init; }

    public required int Part { get; init; }

    public required ulong Offset { get; init; }
}
