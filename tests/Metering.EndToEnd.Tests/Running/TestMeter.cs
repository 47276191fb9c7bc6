using System.Text.Json;

namespace Metering.EndToEnd.Tests.Running;

/// <summary>A meter as the tests define it; paths are plain property names.</summary>
internal sealed record TestMeter(string Slug, string Aggregation, string EventType, string? Value = null, params string[] GroupBy)
{
    public string ToJson() => JsonSerializer.Serialize(new
    {
        slug = Slug,
        aggregation = Aggregation,
        eventType = EventType,
        valueProperty = Value is null ? null : $"$.{Value}",
        groupBy = GroupBy.ToDictionary(name => name, name => $"$.{name}"),
    });
}
