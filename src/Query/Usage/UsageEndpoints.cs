using System.Text.Json;
using Metering.Query.Http;
using Metering.Query.Meters;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;

namespace Metering.Query.Usage;

/// <summary>Usage of a meter, and the subjects and group values that have any.</summary>
internal sealed class UsageEndpoints(
    ServingRevisions revisions, UsageReader usage, UsageValueLists lists, IOptions<QueryOptions> options, TimeProvider clock)
{
    private static readonly TimeSpan s_defaultValueRange = TimeSpan.FromHours(24);

    public void Map(IEndpointRouteBuilder routes, RequestEdge edge)
    {
        edge.Map(routes, HttpMethods.Get, "/api/v1/meters/{idOrSlug}/query", GetAsync);
        edge.Map(routes, HttpMethods.Post, "/api/v1/meters/{idOrSlug}/query", PostAsync);
        edge.Map(routes, HttpMethods.Get, "/api/v1/meters/{idOrSlug}/subjects", SubjectsAsync);
        edge.Map(routes, HttpMethods.Get, "/api/v1/meters/{idOrSlug}/group-by/{key}/values", GroupValuesAsync);
    }

    private Task<IResult> GetAsync(HttpContext context, string tenant, CancellationToken cancellationToken) =>
        AnswerAsync(context, tenant, UsageRequestReader.FromUrl(new QueryParameters(context.Request.Query)), cancellationToken);

    private async Task<IResult> PostAsync(HttpContext context, string tenant, CancellationToken cancellationToken)
    {
        using JsonDocument body = await RequestBody.ReadAsync(context, options.Value.MaxBodyBytes, cancellationToken);
        return await AnswerAsync(context, tenant, UsageRequestReader.FromBody(body.RootElement), cancellationToken);
    }

    private async Task<IResult> SubjectsAsync(HttpContext context, string tenant, CancellationToken cancellationToken)
    {
        UsagePlan plan = await PlanAsync(context, tenant, ReadRange(context), cancellationToken);
        return JsonBody.Of(await lists.ReadAsync(plan, UsageColumns.Subject, cancellationToken), MeterBodyJson.Default.ListString);
    }

    private async Task<IResult> GroupValuesAsync(HttpContext context, string tenant, CancellationToken cancellationToken)
    {
        string key = (string)context.Request.RouteValues["key"]!;
        UsageRequest range = ReadRange(context);
        DateTimeOffset from = range.From ?? MinuteRange.Floor((range.To ?? clock.GetUtcNow()) - s_defaultValueRange);
        UsagePlan plan = await PlanAsync(context, tenant, range with { From = from, GroupBy = [key] }, cancellationToken);
        return JsonBody.Of(await lists.ReadAsync(plan, key, cancellationToken), MeterBodyJson.Default.ListString);
    }

    private async Task<IResult> AnswerAsync(HttpContext context, string tenant, UsageRequest request, CancellationToken cancellationToken)
    {
        UsagePlan plan = await PlanAsync(context, tenant, request, cancellationToken);
        List<UsageRow> rows = await usage.ReadAsync(plan, cancellationToken);
        return WantsCsv(context) ? new UsageCsv(plan, rows) : new JsonBody(json => UsageJson.Write(json, plan, rows));
    }

    private async Task<UsagePlan> PlanAsync(HttpContext context, string tenant, UsageRequest request, CancellationToken cancellationToken)
    {
        string idOrSlug = MeterEndpoints.IdOrSlug(context);
        ServingRevision revision = await revisions.FindAsync(tenant, idOrSlug, cancellationToken) ?? throw MeterEndpoints.NotFound(idOrSlug);
        return UsagePlan.For(tenant, revision, request);
    }

    private static UsageRequest ReadRange(HttpContext context)
    {
        UsageRequest request = UsageRequestReader.FromUrl(new QueryParameters(context.Request.Query));
        return new UsageRequest { From = request.From, To = request.To };
    }

    /// <summary>The best match of the Accept header; JSON when both are as good.</summary>
    private static bool WantsCsv(HttpContext context)
    {
        IList<MediaTypeHeaderValue> accepted = context.Request.GetTypedHeaders().Accept;
        double Quality(string type) => accepted.Where(range => new MediaTypeHeaderValue(type).IsSubsetOf(range)).Select(range => range.Quality ?? 1).DefaultIfEmpty(0).Max();
        return Quality(UsageCsv.ContentType) > Quality("application/json");
    }
}
