using Metering.Query.Http;

namespace Metering.Query.Meters;

/// <summary>Which meters to list, and in which order.</summary>
internal sealed record MeterListing(string OrderBy, bool Descending, int Page, int PageSize, bool IncludeDeleted)
{
    private const int MaxPageSize = 1000;

    public static MeterListing Read(QueryParameters query) => new(
        Column(query.Text("orderBy")),
        Direction(query.Text("order")),
        query.Integer("page", 1, 1, 1_000_000),
        query.Integer("pageSize", 100, 1, MaxPageSize),
        query.Text("includeDeleted") is { } text && (bool.TryParse(text, out bool flag)
            ? flag
            : throw RefusedException.BadRequest("includeDeleted must be true or false.")));

    /// <summary>The column's own name, never the text of the request.</summary>
    private static string Column(string? orderBy) => orderBy switch
    {
        null or "key" or "slug" => "slug",
        "name" => "coalesce(name, slug)",
        "aggregation" => "aggregation",
        "createdAt" => "created_at",
        "updatedAt" => "updated_at",
        _ => throw RefusedException.BadRequest($"orderBy: '{orderBy}' is not one of key, name, aggregation, createdAt, updatedAt."),
    };

    private static bool Direction(string? order) => order switch
    {
        null or "ASC" => false,
        "DESC" => true,
        _ => throw RefusedException.BadRequest($"order: '{order}' is not ASC or DESC."),
    };
}
