namespace Metering.LoadGenerator;

internal sealed record LoadOptions
{
    public const string Tenant = "load";

    public required bool IsGrpc { get; init; }

    public required Uri Url { get; init; }

    public required Uri Api { get; init; }

    public required Uri? ClickHouse { get; init; }

    public required int Batch { get; init; }

    public required int Connections { get; init; }

    public required long Events { get; init; }

    /// <summary>Zero: closed loop.</summary>
    public required double Rate { get; init; }

    public required int? ProcessId { get; init; }
}
