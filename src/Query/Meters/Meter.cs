using Metering.Aggregator.Engine.Meters;

namespace Metering.Query.Meters;

/// <summary>A meter as its owner defined it last. Which definition answers queries is its <see cref="ServingRevision"/>.</summary>
internal sealed record Meter
{
    /// <summary>A ULID.</summary>
    public required string Id { get; init; }

    public required string Slug { get; init; }

    public string? Name { get; init; }

    public string? Description { get; init; }

    public required SortedDictionary<string, string> Metadata { get; init; }

    public required MeterDefinition Definition { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset UpdatedAt { get; init; }

    public DateTimeOffset? DeletedAt { get; init; }
}

/// <summary>
/// The revision of a meter that answers queries: the newest that is ready, or before the first is ready the oldest that is not retired. A change
/// of the definition is therefore seen at once and as a whole when its back-fill is done, and until then the old definition goes on.
/// </summary>
/// <param name="Meter">The meter it belongs to.</param>
/// <param name="Number">The column <c>meter</c> in ClickHouse.</param>
/// <param name="Definition">May be older than the meter's.</param>
internal sealed record ServingRevision(Meter Meter, int Number, MeterDefinition Definition)
{
    /// <summary>The dimensions in the order of the stored group values.</summary>
    public IReadOnlyList<string> Dimensions { get; } = [.. Definition.GroupBy.Keys];
}
