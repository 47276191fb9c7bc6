using System.Text.Json;
using Metering.Query.Http;
using Metering.Query.Windows;
using Microsoft.Extensions.Primitives;

namespace Metering.Query.Usage;

/// <summary>Reads a usage query from a URL or a body.</summary>
internal static class UsageRequestReader
{
    private const string FilterPrefix = "filterGroupBy[";
    private const int MaxTextLength = 64 * 1024;

    public static UsageRequest FromUrl(QueryParameters query)
    {
        RefuseCustomers(query.Texts("filterCustomerId", UsageRequest.MaxListEntries).Count > 0);
        return Check(new UsageRequest
        {
            From = query.Instant("from"),
            To = query.Instant("to"),
            WindowSize = WindowSizeName.Parse(query.Text("windowSize")),
            WindowTimeZone = query.Text("windowTimeZone") ?? "UTC",
            Subjects = query.Texts("subject", UsageRequest.MaxListEntries),
            GroupBy = query.Texts("groupBy", UsageRequest.MaxListEntries),
            FilterGroupBy = DeepObject(query),
            AdvancedFilters = query.Text("advancedMeterGroupByFilters") is { } json ? ParseFilters(json) : null,
            AsOf = query.Number("asOf", 0, long.MaxValue),
        });
    }

    public static UsageRequest FromBody(JsonElement body)
    {
        JsonFields fields = JsonFields.Of(body, "The body");
        RefuseCustomers(fields.Texts("filterCustomerId", UsageRequest.MaxListEntries).Count > 0);
        return Check(new UsageRequest
        {
            From = Instant(fields, "from"),
            To = Instant(fields, "to"),
            WindowSize = WindowSizeName.Parse(fields.Text("windowSize", MaxTextLength)),
            WindowTimeZone = fields.Text("windowTimeZone", MaxTextLength) ?? "UTC",
            Subjects = fields.Texts("subject", UsageRequest.MaxListEntries),
            GroupBy = fields.Texts("groupBy", UsageRequest.MaxListEntries),
            FilterGroupBy = FilterMap(fields),
            AdvancedFilters = fields.Find("advancedMeterGroupByFilters")?.Clone(),
            AsOf = SealNumber(fields),
        });
    }

    private static UsageRequest Check(UsageRequest request)
    {
        if (request.FilterGroupBy.Count > 0 && request.AdvancedFilters is not null)
        {
            throw RefusedException.BadRequest("filterGroupBy and advancedMeterGroupByFilters cannot be used together.");
        }

        if (request.From >= request.To)
        {
            throw RefusedException.BadRequest(request.From == request.To ? "from and to cannot be equal." : "from must be before to.");
        }

        return request with
        {
            From = request.From is { } from ? MinuteRange.Floor(from) : null,
            To = request.To is { } to ? MinuteRange.Ceiling(to) : null,
            GroupBy = [.. request.GroupBy.Distinct()],
        };
    }

    /// <summary><c>filterGroupBy[model]=gpt</c>, each key any number of times.</summary>
    private static Dictionary<string, IReadOnlyList<string>> DeepObject(QueryParameters query)
    {
        Dictionary<string, IReadOnlyList<string>> filters = [];
        foreach ((string name, StringValues values) in query.All)
        {
            if (name.StartsWith(FilterPrefix, StringComparison.Ordinal) && name.EndsWith(']'))
            {
                filters[name[FilterPrefix.Length..^1]] = query.Texts(name, UsageRequest.MaxListEntries);
            }
        }

        return filters;
    }

    private static Dictionary<string, IReadOnlyList<string>> FilterMap(JsonFields fields)
    {
        Dictionary<string, IReadOnlyList<string>> filters = [];
        if (fields.Find("filterGroupBy") is { } map)
        {
            foreach (JsonProperty entry in JsonFields.Of(map, "filterGroupBy").All)
            {
                filters[entry.Name] = JsonFields.TextsOf(entry.Value, $"filterGroupBy.{entry.Name}", UsageRequest.MaxListEntries);
            }
        }

        return filters;
    }

    private static JsonElement ParseFilters(string json)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(json);
            return document.RootElement.Clone();
        }
        catch (JsonException malformed)
        {
            throw RefusedException.BadRequest($"advancedMeterGroupByFilters is not valid JSON: {malformed.Message}");
        }
    }

    private static DateTimeOffset? Instant(JsonFields fields, string name) =>
        fields.Text(name, MaxTextLength) is { } text ? QueryParameters.ParseInstant(text, name) : null;

    private static long? SealNumber(JsonFields fields)
    {
        if (fields.Find("asOf") is not { } value)
        {
            return null;
        }

        return value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out long number) && number >= 0
            ? number
            : throw RefusedException.BadRequest("asOf must be the number of a seal.");
    }

    private static void RefuseCustomers(bool given)
    {
        if (given)
        {
            throw RefusedException.BadRequest("filterCustomerId is not supported: there are no customers here. Filter by subject.");
        }
    }
}
