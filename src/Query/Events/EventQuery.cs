using System.Text.Json;
using Metering.Query.Filters;
using Metering.Query.Http;

namespace Metering.Query.Events;

/// <summary>Which events to list: conditions on the columns of the listing, all of which must hold.</summary>
internal sealed class EventQuery
{
    private const int MaxLimit = 100;

    /// <summary>Column of the listing by key of a v2 filter.</summary>
    private static readonly Dictionary<string, string> s_textColumns = new()
    {
        ["id"] = "id",
        ["source"] = "source",
        ["subject"] = "subject",
        ["type"] = "type",
    };

    private static readonly Dictionary<string, string> s_timeColumns = new() { ["time"] = "time", ["ingestedAt"] = "ingested_at" };

    private readonly List<string> _conditions = [];

    public FilterSql Sql { get; } = new();

    public int Limit { get; private init; }

    public string Where => string.Join(" AND ", _conditions);

    public static EventQuery FromV1(string tenant, QueryParameters query, DateTimeOffset now, QueryOptions options)
    {
        EventQuery events = new(tenant) { Limit = query.Integer("limit", MaxLimit, 1, MaxLimit) };
        RefuseCustomers(query.Texts("customerId", int.MaxValue).Count > 0);
        DateTimeOffset from = query.Instant("from") ?? now.AddHours(-72);
        if (from < now - options.MaxEventLookback)
        {
            throw RefusedException.BadRequest($"from must not be more than {options.MaxEventLookback.TotalDays:0.##} days ago.");
        }

        events.AddBound("time >=", from);
        events.AddBound("time <=", query.Instant("to"));
        events.AddBound("ingested_at >=", query.Instant("ingestedAtFrom"));
        events.AddBound("ingested_at <=", query.Instant("ingestedAtTo"));
        events.AddText("positionCaseInsensitiveUTF8(id, {0}) > 0", query.Text("id"));
        events.AddText("subject = {0}", query.Text("subject"));
        return events;
    }

    public static EventQuery FromV2(string tenant, QueryParameters query)
    {
        EventQuery events = new(tenant) { Limit = query.Integer("limit", MaxLimit, 1, MaxLimit) };
        if (query.Text("filter") is { } filter)
        {
            events.AddFilter(filter);
        }

        if (Cursor.Parse(query.Text("cursor")) is { } cursor)
        {
            string time = events.Sql.Instant(new DateTimeOffset(cursor.Ticks, TimeSpan.Zero));
            events._conditions.Add($"(time, part, off) < ({time}, {events.Sql.Add(cursor.Part, "UInt16")}, {events.Sql.Add(cursor.Offset, "UInt64")})");
        }

        return events;
    }

    private EventQuery(string tenant) => _conditions.Add($"tenant = {Sql.Text(tenant)}");

    private void AddBound(string comparison, DateTimeOffset? instant)
    {
        if (instant is { } bound)
        {
            _conditions.Add($"{comparison} {Sql.Instant(bound)}");
        }
    }

    private void AddText(string condition, string? text)
    {
        if (text is not null)
        {
            _conditions.Add(condition.Replace("{0}", Sql.Text(text), StringComparison.Ordinal));
        }
    }

    private void AddFilter(string json)
    {
        FilterReader reader = new(Sql);
        try
        {
            using JsonDocument document = JsonDocument.Parse(json);
            foreach (JsonProperty entry in JsonFields.Of(document.RootElement, "filter").All)
            {
                _conditions.Add(Condition(reader, entry));
            }
        }
        catch (JsonException malformed)
        {
            throw RefusedException.BadRequest($"filter is not valid JSON: {malformed.Message}");
        }
    }

    private static string Condition(FilterReader reader, JsonProperty entry)
    {
        RefuseCustomers(entry.Name == "customerId");
        if (s_textColumns.TryGetValue(entry.Name, out string? text))
        {
            return reader.TextCondition(text, entry.Value, entry.Name);
        }

        return s_timeColumns.TryGetValue(entry.Name, out string? time)
            ? reader.TimeCondition(time, entry.Value, entry.Name)
            : throw RefusedException.BadRequest($"filter: '{entry.Name}' is not one of id, source, subject, type, time, ingestedAt.");
    }

    private static void RefuseCustomers(bool given)
    {
        if (given)
        {
            throw RefusedException.BadRequest("customerId is not supported: there are no customers here. Filter by subject.");
        }
    }
}
