using System.Text.RegularExpressions;
using Metering.Aggregator.Engine.Meters;
using Metering.Query.Http;
using Kind = Metering.Aggregator.Engine.Meters.Aggregation;

namespace Metering.Query.Meters;

/// <summary>What a meter definition must keep. Every refusal is a 400 that names the property.</summary>
internal static partial class MeterRules
{
    /// <summary>Names a query uses for something else than a dimension.</summary>
    private static readonly string[] s_reservedDimensions = ["subject", "customer_id"];

    public static string Slug(string slug) => slug.Length <= 64 && SlugPattern.IsMatch(slug)
        ? slug
        : throw RefusedException.BadRequest($"slug: '{slug}' must be 1 to 64 characters of a-z, 0-9 and single underscores between them.");

    public static Kind Aggregation(string name) => AggregationName.TryParse(name, out Kind aggregation)
        ? aggregation
        : throw RefusedException.BadRequest(
            $"aggregation: '{name}' is not one of {string.Join(", ", Enum.GetValues<Kind>().Select(known => known.ToName()))}.");

    public static string? ValueProperty(Kind aggregation, string? path) => (aggregation, path) switch
    {
        (Kind.Count, null or "") => null,
        (Kind.Count, _) => throw RefusedException.BadRequest("valueProperty must not be given when aggregation is COUNT."),
        (_, null or "") => throw RefusedException.BadRequest($"valueProperty is required when aggregation is {aggregation.ToName()}."),
        _ => Path(path, "valueProperty"),
    };

    public static SortedDictionary<string, string> GroupBy(SortedDictionary<string, string>? groupBy, string? valueProperty, int maxDimensions)
    {
        SortedDictionary<string, string> ordered = new(groupBy ?? [], StringComparer.Ordinal);
        if (ordered.Count > maxDimensions)
        {
            throw RefusedException.BadRequest($"groupBy has {ordered.Count} dimensions; at most {maxDimensions} are allowed.");
        }

        foreach ((string key, string path) in ordered)
        {
            Dimension(key, path, valueProperty);
        }

        return ordered;
    }

    private static void Dimension(string key, string path, string? valueProperty)
    {
        if (key.Length > 64 || !DimensionPattern.IsMatch(key))
        {
            throw RefusedException.BadRequest($"groupBy: '{key}' must be 1 to 64 letters, digits and underscores and not start with a digit.");
        }

        if (s_reservedDimensions.Contains(key))
        {
            throw RefusedException.BadRequest($"groupBy: '{key}' is reserved: every meter can be grouped by it.");
        }

        if (Path(path, $"groupBy.{key}") == valueProperty)
        {
            throw RefusedException.BadRequest($"groupBy.{key} must not be the path of valueProperty.");
        }
    }

    private static string Path(string path, string name)
    {
        try
        {
            return path.Length <= 1024 ? JsonPath.Parse(path).Text : throw new FormatException("The path is longer than 1024 characters.");
        }
        catch (FormatException problem)
        {
            throw RefusedException.BadRequest($"{name}: {problem.Message}");
        }
    }

    [GeneratedRegex("^[a-z0-9]+(?:_[a-z0-9]+)*\\z", RegexOptions.CultureInvariant)]
    private static partial Regex SlugPattern { get; }

    [GeneratedRegex("^[a-zA-Z_][0-9a-zA-Z_]*\\z", RegexOptions.CultureInvariant)]
    private static partial Regex DimensionPattern { get; }
}
