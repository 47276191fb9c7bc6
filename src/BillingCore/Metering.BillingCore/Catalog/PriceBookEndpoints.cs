using System.Globalization;
using System.Text;
using System.Text.Json;
using Metering.Billing.Catalog.Documents;
using Metering.Billing.Postgres.Catalog;
using Metering.BillingCore.Http;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Metering.BillingCore.Catalog;

/// <summary>Price books and their versions: a draft is put until it is right, published once, and archived when nobody new shall have it.</summary>
internal static class PriceBookEndpoints
{
    private const string Books = "/v1/price-books";
    private const string Book = $"{Books}/{{book}}";

    public static void Map(IEndpointRouteBuilder routes, BillingEdge edge)
    {
        edge.Map(routes, HttpMethods.Get, Books, ListAsync);
        edge.Map(routes, HttpMethods.Get, $"{Book}/versions", VersionsAsync);
        edge.Map(routes, HttpMethods.Get, $"{Book}/versions/{{version}}", GetAsync);
        edge.Map(routes, HttpMethods.Get, $"{Book}/versions/{{version}}/plans/{{plan}}", GetPlanAsync);
        edge.Map(routes, HttpMethods.Put, $"{Book}/draft", PutDraftAsync);
        edge.Map(routes, HttpMethods.Delete, $"{Book}/versions/{{version}}", DeleteDraftAsync);
        edge.Map(routes, HttpMethods.Post, $"{Book}/versions/{{version}}/publish", PublishAsync);
        edge.Map(routes, HttpMethods.Post, $"{Book}/versions/{{version}}/archive", ArchiveAsync);
    }

    private static async Task<Answer> ListAsync(BillingRequest request)
    {
        IReadOnlyList<PriceBookRow> books = await PriceBooks.ListAsync(request.Transaction, request.Cursor, request.PageSize, request.Aborted);
        return Page.Of(books, request.PageSize, CatalogBodies.Write, book => book.Key);
    }

    private static async Task<Answer> VersionsAsync(BillingRequest request)
    {
        int? before = request.Cursor is { } cursor ? int.Parse(cursor, CultureInfo.InvariantCulture) : null;
        IReadOnlyList<PriceBookVersion> versions = await PriceBooks.VersionsAsync(request.Transaction, request.Route("book"), before, request.PageSize, request.Aborted);
        return Page.Of(versions, request.PageSize, CatalogBodies.Write, one => one.Version.ToString(CultureInfo.InvariantCulture));
    }

    private static async Task<Answer> GetAsync(BillingRequest request) => AnswerOf(await FindAsync(request));

    private static async Task<Answer> GetPlanAsync(BillingRequest request)
    {
        PriceBookVersion version = await FindAsync(request);
        using JsonDocument book = JsonDocument.Parse(version.Body);
        JsonElement plan = book.RootElement.GetProperty("plans").EnumerateArray().FirstOrDefault(one => one.GetProperty("key").GetString() == request.Route("plan"));
        return plan.ValueKind == JsonValueKind.Object
            ? Answer.Json(plan.WriteTo, etag: BillingRequest.ETagOf(version.Revision))
            : throw RefusedException.NotFound($"Version {version.Version} of price book '{version.Book}' has no plan '{request.Route("plan")}'.");
    }

    /// <summary>The book is made with its first draft; a name is optional.</summary>
    private static async Task<Answer> PutDraftAsync(BillingRequest request)
    {
        string key = CatalogBodies.Key(request.Route("book"));
        await CatalogVersion.AdvanceAsync(request.Transaction, request.Aborted);
        PriceBookVersion? newest = (await PriceBooks.VersionsAsync(request.Transaction, key, before: null, 1, request.Aborted)) is [var found] ? found : null;
        request.CheckPreconditions(newest is { State: "draft" } ? newest.Revision : null);
        PriceBookDocument book = await CatalogReferences.ReadAsync(request.Transaction, request.Body(), request.Aborted);
        await PriceBooks.PutBookAsync(request.Transaction, key, request.Query("name"), request.Now, request.Aborted);
        PriceBookVersion draft = await PriceBooks.PutDraftAsync(
            request.Transaction, key, book.EffectiveFrom, Encoding.UTF8.GetString(PriceBookWriter.Bytes(book)), request.Now, request.Aborted);
        Answer answer = AnswerOf(draft);
        return draft.Revision == 1 ? answer with { Status = StatusCodes.Status201Created, Location = $"/v1/price-books/{key}/versions/{draft.Version}" } : answer;
    }

    private static async Task<Answer> DeleteDraftAsync(BillingRequest request)
    {
        await CatalogVersion.AdvanceAsync(request.Transaction, request.Aborted);
        PriceBookVersion there = await FindAsync(request);
        request.CheckPreconditions(there.Revision);
        return await PriceBooks.DeleteDraftAsync(request.Transaction, there.Book, there.Version, request.Aborted)
            ? Answer.NoContent
            : throw RefusedException.Conflict($"Version {there.Version} is {there.State} and stays. A version that nobody new shall have is archived.");
    }

    /// <summary>Reads the draft again: a product or a meter it names may be gone since it was put.</summary>
    private static async Task<Answer> PublishAsync(BillingRequest request)
    {
        await CatalogVersion.AdvanceAsync(request.Transaction, request.Aborted);
        PriceBookVersion there = await FindAsync(request);
        request.CheckPreconditions(there.Revision);
        if (there.State != "draft")
        {
            throw RefusedException.Conflict($"Version {there.Version} is {there.State} already.");
        }

        using JsonDocument body = JsonDocument.Parse(there.Body);
        PriceBookDocument book = await CatalogReferences.ReadAsync(request.Transaction, body.RootElement, request.Aborted);
        return AnswerOf((await PriceBooks.PublishAsync(request.Transaction, there.Book, there.Version, book.Meters().ToArray(), request.Now, request.Aborted))!);
    }

    private static async Task<Answer> ArchiveAsync(BillingRequest request)
    {
        await CatalogVersion.AdvanceAsync(request.Transaction, request.Aborted);
        PriceBookVersion there = await FindAsync(request);
        request.CheckPreconditions(there.Revision);
        return await PriceBooks.ArchiveAsync(request.Transaction, there.Book, there.Version, request.Now, request.Aborted) is { } archived
            ? AnswerOf(archived)
            : throw RefusedException.Conflict($"Version {there.Version} is {there.State}; only a published version can be archived.");
    }

    private static async Task<PriceBookVersion> FindAsync(BillingRequest request) =>
        await PriceBooks.FindAsync(request.Transaction, request.Route("book"), request.RouteNumber("version"), request.Aborted)
        ?? throw RefusedException.NotFound($"Price book '{request.Route("book")}' has no version {request.Route("version")}.");

    private static Answer AnswerOf(PriceBookVersion version) => Answer.Json(json => CatalogBodies.Write(json, version), etag: BillingRequest.ETagOf(version.Revision));
}
