using Metering.Query.Filters;
using Metering.Query.Http;

namespace Metering.Query.DeadLetters;

/// <summary>Which dead letters to list, by the time they were appended.</summary>
internal sealed class DeadLetterQuery
{
    private const int DefaultLimit = 100;
    private const int MaxLimit = 1000;

    private readonly List<string> _conditions = [];

    private DeadLetterQuery(int limit) => Limit = limit;

    public FilterSql Sql { get; } = new();

    public int Limit { get; }

    public string Where => string.Join(" AND ", _conditions);

    public static DeadLetterQuery Read(string tenant, QueryParameters query)
    {
        DeadLetterQuery letters = new(query.Integer("limit", DefaultLimit, 1, MaxLimit));
        letters._conditions.Add($"tenant = {letters.Sql.Text(tenant)}");
        if (query.Instant("from") is { } from)
        {
            letters._conditions.Add($"at >= {letters.Sql.Instant(from)}");
        }

        if (query.Instant("to") is { } to)
        {
            letters._conditions.Add($"at < {letters.Sql.Instant(to)}");
        }

        if (query.Text("code") is { } code)
        {
            letters._conditions.Add($"code = {letters.Sql.Text(code)}");
        }

        if (Cursor.Parse(query.Text("cursor")) is { } cursor)
        {
            string at = letters.Sql.Instant(new DateTimeOffset(cursor.Ticks, TimeSpan.Zero));
            letters._conditions.Add($"(at, part, off) < ({at}, {letters.Sql.Add(cursor.Part, "UInt16")}, {letters.Sql.Add(cursor.Offset, "UInt64")})");
        }

        return letters;
    }
}
