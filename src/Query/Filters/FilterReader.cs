using System.Text.Json;
using Metering.Query.Http;

namespace Metering.Query.Filters;

/// <summary>
/// Turns a filter object (<c>{"$in":["a","b"]}</c>, <c>{"$or":[{"$like":"gpt%"},{"$eq":"o1"}]}</c>) into a condition on one column. Several operators
/// in one object must all hold.
/// </summary>
internal sealed class FilterReader(FilterSql sql)
{
    private const int MaxOperators = 100;
    private const int MaxDepth = 8;
    private const int MaxValues = 1000;

    private int _operators;

    /// <summary>Any text operator; a comparison is by the order of UTF-8 bytes.</summary>
    public string TextCondition(string column, JsonElement filter, string name) =>
        filter.ValueKind == JsonValueKind.String
            ? $"{column} = {sql.Text(JsonFields.TextOf(filter, name))}"
            : Condition(column, filter, name, 0, TextOperator);

    /// <summary>Bounds on an instant.</summary>
    public string TimeCondition(string column, JsonElement filter, string name) => Condition(column, filter, name, 0, TimeOperator);

    private string Condition(string column, JsonElement filter, string name, int depth, Func<string, JsonProperty, string, string> leaf)
    {
        if (depth > MaxDepth)
        {
            throw RefusedException.BadRequest($"{name} is nested more than {MaxDepth} deep.");
        }

        List<string> conditions = [];
        foreach (JsonProperty entry in JsonFields.Of(filter, name).All)
        {
            if (++_operators > MaxOperators)
            {
                throw RefusedException.BadRequest($"The filters have more than {MaxOperators} operators.");
            }

            conditions.Add(entry.Name is "$and" or "$or" ? Junction(column, entry, name, depth, leaf) : leaf(column, entry, $"{name}.{entry.Name}"));
        }

        return conditions.Count > 0 ? $"({string.Join(" AND ", conditions)})" : throw RefusedException.BadRequest($"{name} has no operator.");
    }

    private string Junction(string column, JsonProperty entry, string name, int depth, Func<string, JsonProperty, string, string> leaf)
    {
        if (entry.Value.ValueKind != JsonValueKind.Array || entry.Value.GetArrayLength() == 0)
        {
            throw RefusedException.BadRequest($"{name}.{entry.Name} must be a list of filters.");
        }

        IEnumerable<string> parts = entry.Value.EnumerateArray().Select(part => Condition(column, part, $"{name}.{entry.Name}", depth + 1, leaf));
        return $"({string.Join(entry.Name == "$and" ? " AND " : " OR ", parts)})";
    }

    private string TextOperator(string column, JsonProperty entry, string name) => entry.Name switch
    {
        "$eq" => $"{column} = {Text(entry, name)}",
        "$ne" => $"{column} != {Text(entry, name)}",
        "$in" => $"{column} IN {Texts(entry, name)}",
        "$nin" => $"{column} NOT IN {Texts(entry, name)}",
        "$like" => $"{column} LIKE {Text(entry, name)}",
        "$nlike" => $"{column} NOT LIKE {Text(entry, name)}",
        "$ilike" => $"{column} ILIKE {Text(entry, name)}",
        "$nilike" => $"{column} NOT ILIKE {Text(entry, name)}",
        "$gt" => $"{column} > {Text(entry, name)}",
        "$gte" => $"{column} >= {Text(entry, name)}",
        "$lt" => $"{column} < {Text(entry, name)}",
        "$lte" => $"{column} <= {Text(entry, name)}",
        _ => throw Unknown(entry, name),
    };

    private string TimeOperator(string column, JsonProperty entry, string name) => entry.Name switch
    {
        "$gt" => $"{column} > {Time(entry, name)}",
        "$gte" => $"{column} >= {Time(entry, name)}",
        "$lt" => $"{column} < {Time(entry, name)}",
        "$lte" => $"{column} <= {Time(entry, name)}",
        _ => throw Unknown(entry, name),
    };

    private string Text(JsonProperty entry, string name) => sql.Text(JsonFields.TextOf(entry.Value, name));

    private string Texts(JsonProperty entry, string name) => entry.Value.ValueKind == JsonValueKind.Array
        ? sql.Texts(JsonFields.TextsOf(entry.Value, name, MaxValues))
        : throw RefusedException.BadRequest($"{name} must be a list of strings.");

    private string Time(JsonProperty entry, string name) =>
        sql.Instant(QueryParameters.ParseInstant(JsonFields.TextOf(entry.Value, name), name));

    private static RefusedException Unknown(JsonProperty entry, string name) =>
        RefusedException.BadRequest($"{name}: '{entry.Name}' is not an operator that is known here.");
}
