using System.Text.Json;
using System.Text.Json.Serialization;

namespace Metering.Billing.Tests.Rating.SecondOpinion;

/// <summary>A case of <c>rate</c>, field by field as JSON has it.</summary>
internal sealed record PlainCase
{
    private static readonly JsonSerializerOptions s_json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    public string Id { get; init; } = "case";

    public required string Currency { get; init; }

    public string? Rounding { get; init; }

    public string? Quantity { get; init; }

    public PlainEvent[]? Events { get; init; }

    public PlainCell[]? Cells { get; init; }

    public PlainAlready? Already { get; init; }

    public bool? Closing { get; init; }

    public string? Share { get; init; }

    public required PlainComponent Component { get; init; }

    public string ToJson() => JsonSerializer.Serialize(this, s_json);
}

internal sealed record PlainEvent(string Value, string? At, string? Id);

internal sealed record PlainCell(Dictionary<string, string> Key, string Quantity);

internal sealed record PlainAlready(string? Quantity, string? Amount);

internal sealed record PlainTier(string? UpTo, string? Flat, string? Unit, string? Percent, string? PackageSize, string? PackagePrice);

internal sealed record PlainDiscount(string? Percent, string? Amount);

internal sealed record PlainConversion(string Op, string Factor, string? Round, int? Precision);

internal sealed record PlainMatrixCell(Dictionary<string, string> Key, PlainComponent Component);

internal sealed record PlainComponent
{
    public required string Model { get; init; }

    public string? Amount { get; init; }

    public string? Unit { get; init; }

    public string? Multiplier { get; init; }

    public string? PackageSize { get; init; }

    public string? PackagePrice { get; init; }

    public string? Partial { get; init; }

    public PlainTier[]? Tiers { get; init; }

    public bool? FlatAtZero { get; init; }

    public string? Mode { get; init; }

    public bool? FractionalSeats { get; init; }

    public string? Percent { get; init; }

    public string? Fixed { get; init; }

    public int? FreeEvents { get; init; }

    public string? FreeAmount { get; init; }

    public string? MinPerEvent { get; init; }

    public string? MaxPerEvent { get; init; }

    public string[]? Dimensions { get; init; }

    public PlainMatrixCell[]? Cells { get; init; }

    public PlainComponent? Default { get; init; }

    public PlainConversion? Conversion { get; init; }

    public string? Allowance { get; init; }

    public PlainDiscount[]? Discounts { get; init; }

    public string? Minimum { get; init; }

    public string? Maximum { get; init; }
}
