using System.Text.Json;
using System.Text.Json.Serialization;

namespace Metering.Aggregator.Engine.Meters;

/// <summary>What a meter counts. Every change of it is a new revision.</summary>
/// <param name="Aggregation">How values are combined.</param>
/// <param name="EventType">Events of this type only.</param>
/// <param name="EventFrom">Events from this instant on only.</param>
/// <param name="ValueProperty">JSONPath of the value in <c>data</c>; null for COUNT.</param>
/// <param name="GroupBy">Dimension name to JSONPath, ordered by name: the order of the stored group values.</param>
public sealed record MeterDefinition(
    Aggregation Aggregation,
    string EventType,
    DateTimeOffset? EventFrom,
    string? ValueProperty,
    SortedDictionary<string, string> GroupBy)
{
    public string ToJson() => JsonSerializer.Serialize(this, MeterJson.Default.MeterDefinition);

    public static MeterDefinition FromJson(string json) =>
        JsonSerializer.Deserialize(json, MeterJson.Default.MeterDefinition) ?? throw new JsonException("A meter definition is null.");
}

/// <param name="Number">Unique over all meters of all tenants: the column <c>meter</c> in ClickHouse.</param>
/// <param name="Tenant">Whose events.</param>
public sealed record MeterRevision(int Number, string Tenant, MeterDefinition Definition);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(MeterDefinition))]
internal sealed partial class MeterJson : JsonSerializerContext;
