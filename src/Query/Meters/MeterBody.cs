using System.Text.Json.Serialization;
using Metering.Aggregator.Engine.Meters;

namespace Metering.Query.Meters;

/// <summary>A meter on the wire.</summary>
internal sealed record MeterBody(
    string Id,
    string Slug,
    string Name,
    string? Description,
    string Aggregation,
    string EventType,
    DateTime? EventFrom,
    string? ValueProperty,
    SortedDictionary<string, string> GroupBy,
    SortedDictionary<string, string> Metadata,
    SortedDictionary<string, string> Annotations,
    DateTime CreatedAt,
    DateTime UpdatedAt,
    DateTime? DeletedAt)
{
    public static MeterBody Of(Meter meter) => new(
        meter.Id,
        meter.Slug,
        meter.Name ?? meter.Slug,
        meter.Description,
        meter.Definition.Aggregation.ToName(),
        meter.Definition.EventType,
        meter.Definition.EventFrom?.UtcDateTime,
        meter.Definition.ValueProperty,
        meter.Definition.GroupBy,
        meter.Metadata,
        [],
        meter.CreatedAt.UtcDateTime,
        meter.UpdatedAt.UtcDateTime,
        meter.DeletedAt?.UtcDateTime);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(MeterBody))]
[JsonSerializable(typeof(List<MeterBody>))]
[JsonSerializable(typeof(SortedDictionary<string, string>))]
[JsonSerializable(typeof(List<string>))]
internal sealed partial class MeterBodyJson : JsonSerializerContext;
