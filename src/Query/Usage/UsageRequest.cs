using System.Text.Json;
using Metering.Query.Windows;

namespace Metering.Query.Usage;

/// <summary>A usage query as it was asked, syntax checked but not yet held against a meter.</summary>
internal sealed record UsageRequest
{
    public const int MaxListEntries = 100;

    /// <summary>A whole minute.</summary>
    public DateTimeOffset? From { get; init; }

    /// <summary>A whole minute; exclusive.</summary>
    public DateTimeOffset? To { get; init; }

    public WindowSize? WindowSize { get; init; }

    public string WindowTimeZone { get; init; } = "UTC";

    public IReadOnlyList<string> Subjects { get; init; } = [];

    public IReadOnlyList<string> GroupBy { get; init; } = [];

    /// <summary>Dimension to the values allowed.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> FilterGroupBy { get; init; } = new Dictionary<string, IReadOnlyList<string>>();

    /// <summary>Dimension to a filter with operators; excludes <see cref="FilterGroupBy"/>.</summary>
    public JsonElement? AdvancedFilters { get; init; }

    /// <summary>Answer as of this seal only; null is everything known now.</summary>
    public long? AsOf { get; init; }
}
