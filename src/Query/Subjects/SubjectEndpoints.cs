using System.Text.Json;
using Metering.Query.Http;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Options;

namespace Metering.Query.Subjects;

internal sealed class SubjectEndpoints(SubjectStore subjects, IOptions<QueryOptions> options, TimeProvider clock)
{
    private const int MaxSubjects = 1000;
    private const int TextLength = 1024;

    public void Map(IEndpointRouteBuilder routes, RequestEdge edge)
    {
        edge.Map(routes, HttpMethods.Post, "/api/v1/subjects", UpsertAsync);
        edge.Map(routes, HttpMethods.Get, "/api/v1/subjects", ListAsync);
        edge.Map(routes, HttpMethods.Get, "/api/v1/subjects/{key}", GetAsync);
        edge.Map(routes, HttpMethods.Delete, "/api/v1/subjects/{key}", DeleteAsync);
    }

    private async Task<IResult> UpsertAsync(HttpContext context, string tenant, CancellationToken cancellationToken)
    {
        using JsonDocument body = await RequestBody.ReadAsync(context, options.Value.MaxBodyBytes, cancellationToken);
        if (body.RootElement.ValueKind != JsonValueKind.Array || body.RootElement.GetArrayLength() > MaxSubjects)
        {
            throw RefusedException.BadRequest($"The body must be a list of at most {MaxSubjects} subjects.");
        }

        List<SubjectUpsert> upserts = [.. body.RootElement.EnumerateArray().Select(item => Read(JsonFields.Of(item, "A subject")))];
        return JsonBody.Of(await subjects.UpsertAsync(tenant, upserts, clock.GetUtcNow(), cancellationToken), SubjectBodyJson.Default.ListSubjectBody);
    }

    private async Task<IResult> ListAsync(HttpContext context, string tenant, CancellationToken cancellationToken) =>
        JsonBody.Of(await subjects.ListAsync(tenant, options.Value.MaxRows, cancellationToken), SubjectBodyJson.Default.ListSubjectBody);

    private async Task<IResult> GetAsync(HttpContext context, string tenant, CancellationToken cancellationToken) =>
        JsonBody.Of(await subjects.FindAsync(tenant, Key(context), cancellationToken) ?? throw NotFound(context), SubjectBodyJson.Default.SubjectBody);

    private async Task<IResult> DeleteAsync(HttpContext context, string tenant, CancellationToken cancellationToken) =>
        await subjects.DeleteAsync(tenant, Key(context), cancellationToken) ? Results.NoContent() : throw NotFound(context);

    private static SubjectUpsert Read(JsonFields fields) => new(
        fields.RequiredText("key", TextLength),
        fields.Text("displayName", TextLength),
        fields.Find("metadata") is { } metadata ? JsonFields.Of(metadata, "metadata").ToString() : null);

    /// <summary>A slash is the one character that the server leaves encoded in a path.</summary>
    private static string Key(HttpContext context) =>
        ((string)context.Request.RouteValues["key"]!).Replace("%2F", "/", StringComparison.OrdinalIgnoreCase);

    private static RefusedException NotFound(HttpContext context) => RefusedException.NotFound($"subject not found: {Key(context)}");
}
