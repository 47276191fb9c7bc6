using System.Text;
using Metering.Billing;
using Metering.Billing.Catalog.Documents;
using Metering.Billing.Postgres.Catalog;
using Metering.BillingCore.Http;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Metering.BillingCore.Catalog;

/// <summary>Products, features, tax rates, discounts and overrides: listed, read, put and archived by key.</summary>
internal static class ItemEndpoints
{
    public static void Map(IEndpointRouteBuilder routes, BillingEdge edge)
    {
        foreach (ItemKind kind in ItemKind.All)
        {
            edge.Map(routes, HttpMethods.Get, $"/v1/{kind.Route}", request => ListAsync(kind, request));
            edge.Map(routes, HttpMethods.Get, $"/v1/{kind.Route}/{{key}}", request => GetAsync(kind, request));
            edge.Map(routes, HttpMethods.Put, $"/v1/{kind.Route}/{{key}}", request => PutAsync(kind, request));
            edge.Map(routes, HttpMethods.Delete, $"/v1/{kind.Route}/{{key}}", request => ArchiveAsync(kind, request));
        }
    }

    private static async Task<Answer> ListAsync(ItemKind kind, BillingRequest request)
    {
        IReadOnlyList<CatalogItem> items = await CatalogItems.ListAsync(request.Transaction, kind.Name, request.Cursor, request.PageSize, request.Aborted);
        return Page.Of(items, request.PageSize, CatalogBodies.Write, item => item.Key);
    }

    private static async Task<Answer> GetAsync(ItemKind kind, BillingRequest request) => AnswerOf(await FindAsync(kind, request) ?? throw Missing(kind, request));

    private static async Task<Answer> PutAsync(ItemKind kind, BillingRequest request)
    {
        string key = CatalogBodies.Key(request.Route("key"));
        List<Problem> problems = [];
        byte[] body = kind.Read(request.Body(), "", problems);
        RefusedException.ThrowIfAny(problems);
        await CatalogVersion.AdvanceAsync(request.Transaction, request.Aborted);
        CatalogItem? there = await FindAsync(kind, request);
        request.CheckPreconditions(there?.Revision);
        await CatalogReferences.CheckAsync(request.Transaction, kind, body, request.Aborted);
        CatalogItem put = await CatalogItems.PutAsync(request.Transaction, kind.Name, key, Encoding.UTF8.GetString(body), request.Now, request.Aborted);
        return there is null ? AnswerOf(put) with { Status = StatusCodes.Status201Created, Location = $"/v1/{kind.Route}/{key}" } : AnswerOf(put);
    }

    private static async Task<Answer> ArchiveAsync(ItemKind kind, BillingRequest request)
    {
        await CatalogVersion.AdvanceAsync(request.Transaction, request.Aborted);
        CatalogItem there = await FindAsync(kind, request) ?? throw Missing(kind, request);
        request.CheckPreconditions(there.Revision);
        if (kind == ItemKind.Product && await PriceBooks.FirstOfProductAsync(request.Transaction, there.Key, request.Aborted) is { } version)
        {
            throw RefusedException.Conflict($"Product '{there.Key}' stays: version {version} of a price book has a plan of it. Archive the version first.");
        }

        await CatalogItems.ArchiveAsync(request.Transaction, kind.Name, there.Key, request.Now, request.Aborted);
        return Answer.NoContent;
    }

    private static Task<CatalogItem?> FindAsync(ItemKind kind, BillingRequest request) => CatalogItems.FindAsync(request.Transaction, kind.Name, request.Route("key"), request.Aborted);

    private static RefusedException Missing(ItemKind kind, BillingRequest request) => RefusedException.NotFound($"There is no {kind.Name.Replace('_', ' ')} '{request.Route("key")}'.");

    private static Answer AnswerOf(CatalogItem item) => Answer.Json(json => CatalogBodies.Write(json, item), etag: BillingRequest.ETagOf(item.Revision));
}
