using System.Text.Json;
using Metering.Billing.Catalog;

namespace Metering.Billing.Simulation;

/// <summary>What has to be read of a meter to price a component. Components that need the same share one reading.</summary>
public sealed class UsageNeed : IEquatable<UsageNeed>
{
    private readonly string _identity;

    private UsageNeed(UsageSource source, IReadOnlyList<string> dimensions, bool isOfEvents)
    {
        (Source, Dimensions, IsOfEvents) = (source, dimensions, isOfEvents);
        IEnumerable<string[]> filter = source.Filter.OrderBy(one => one.Key, StringComparer.Ordinal).Select(one => (string[])[one.Key, .. one.Value.Order(StringComparer.Ordinal)]);
        string[][] parts = [[source.Meter, isOfEvents ? "events" : "quantity"], [.. dimensions], .. filter];
        _identity = JsonSerializer.Serialize(parts);
    }

    public UsageSource Source { get; }

    /// <summary>That tell the cells of a matrix apart, in the order of their names; empty for one quantity.</summary>
    public IReadOnlyList<string> Dimensions { get; }

    /// <summary>Whether single events are priced.</summary>
    public bool IsOfEvents { get; }

    /// <summary>Null when nothing metered feeds the component.</summary>
    public static UsageNeed? Of(Component component) => component.Source is not { } source ? null : component.Price is MatrixPrice matrix
        ? new UsageNeed(source, [.. matrix.Dimensions.Order(StringComparer.Ordinal)], Components(matrix).Any(cell => cell.Price is PercentagePrice))
        : new UsageNeed(source, [], component.Price is PercentagePrice);

    /// <summary>One quantity, of all events that the source takes.</summary>
    public static UsageNeed QuantityOf(UsageSource source) => new(source, [], isOfEvents: false);

    public bool Equals(UsageNeed? other) => other is not null && _identity == other._identity;

    public override bool Equals(object? obj) => Equals(obj as UsageNeed);

    public override int GetHashCode() => _identity.GetHashCode(StringComparison.Ordinal);

    private static IEnumerable<Component> Components(MatrixPrice matrix) =>
        matrix.Cells.Select(cell => cell.Component).Concat(matrix.Default is { } other ? [other] : Array.Empty<Component>());
}
