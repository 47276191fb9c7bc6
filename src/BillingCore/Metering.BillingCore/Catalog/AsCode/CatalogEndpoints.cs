using System.Globalization;
using Metering.Billing.Catalog.Documents;
using Metering.Billing.Postgres.Catalog;
using Metering.BillingCore.Http;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Metering.BillingCore.Catalog.AsCode;

/// <summary><c>/v1/catalog</c>: the whole catalogue as one document. Exported, compared with another, and replaced by it in one transaction.</summary>
internal static class CatalogEndpoints
{
    private const string Catalog = "/v1/catalog";

    public static void Map(IEndpointRouteBuilder routes, BillingEdge edge)
    {
        edge.Map(routes, HttpMethods.Get, Catalog, ExportAsync);
        edge.Map(routes, HttpMethods.Post, $"{Catalog}/plan", PlanAsync);
        edge.Map(routes, HttpMethods.Post, $"{Catalog}/apply", ApplyAsync);
    }

    private static async Task<Answer> ExportAsync(BillingRequest request)
    {
        StoredCatalog stored = await StoredCatalog.ReadAsync(request.Transaction, request.Aborted);
        return Answer.Json(json =>
        {
            json.WriteStartObject();
            json.WriteNumber("version", stored.Version);
            json.WriteStartObject("catalog");
            CatalogWriter.WriteLists(json, stored.Document);
            json.WriteEndObject();
            json.WriteEndObject();
        });
    }

    private static async Task<Answer> PlanAsync(BillingRequest request)
    {
        CatalogPlan plan = await CatalogPlan.MakeAsync(request.Transaction, request.Body(), request.Aborted);
        return Answer.Json(json =>
        {
            json.WriteStartObject();
            json.WriteNumber("version", plan.Stored.Version);
            PlanBodies.WriteChanges(json, plan.Changes);
            PlanBodies.WriteBills(json, plan.SampleBills());
            json.WriteEndObject();
        });
    }

    private static async Task<Answer> ApplyAsync(BillingRequest request)
    {
        long expected = ExpectedVersion(request);
        long version = await CatalogVersion.LockAsync(request.Transaction, request.Aborted);
        if (version != expected)
        {
            throw RefusedException.Conflict($"The catalogue is at version {version}, not at {expected} any more. Plan again.");
        }

        CatalogPlan plan = await CatalogPlan.MakeAsync(request.Transaction, request.Body(), request.Aborted);
        if (!plan.ChangesNothing)
        {
            version = await CatalogVersion.AdvanceAsync(request.Transaction, request.Aborted);
            await plan.ApplyAsync(request.Transaction, request.Now, request.Aborted);
        }

        return Answer.Json(json =>
        {
            json.WriteStartObject();
            json.WriteNumber("version", version);
            PlanBodies.WriteChanges(json, plan.Changes);
            json.WriteEndObject();
        });
    }

    private static long ExpectedVersion(BillingRequest request) =>
        long.TryParse(request.Query("expected_version"), NumberStyles.None, CultureInfo.InvariantCulture, out long version)
            ? version
            : throw RefusedException.BadRequest("expected_version is required: the version that the plan was made against.");
}
