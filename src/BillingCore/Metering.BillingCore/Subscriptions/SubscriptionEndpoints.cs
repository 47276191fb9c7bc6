using Metering.Billing;
using Metering.Billing.Postgres.Subscriptions;
using Metering.Billing.Subscriptions;
using Metering.Billing.Subscriptions.Requests;
using Metering.Billing.Zones;
using Metering.BillingCore.Catalog;
using Metering.BillingCore.Http;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Metering.BillingCore.Subscriptions;

/// <summary>Subscriptions: made, listed, shown with everything that ever happened to them, and migrated.</summary>
internal sealed class SubscriptionEndpoints(IStandings standings)
{
    public const string Subscriptions = "/v1/subscriptions";
    public const string One = $"{Subscriptions}/{{id}}";

    public void Map(IEndpointRouteBuilder routes, BillingEdge edge)
    {
        edge.Map(routes, HttpMethods.Get, Subscriptions, ListAsync);
        edge.Map(routes, HttpMethods.Post, Subscriptions, CreateAsync);
        edge.Map(routes, HttpMethods.Post, $"{Subscriptions}/migrate", request => new Migration(request, standings).RunAsync());
        edge.Map(routes, HttpMethods.Get, One, async request => SubscriptionBodies.Of(await FindAsync(request)));
        edge.Map(routes, HttpMethods.Get, $"{One}/history", async request => SubscriptionBodies.History(await FindAsync(request)));
    }

    /// <summary>The subscription of the route; until the request is done, nobody else changes it.</summary>
    /// <exception cref="RefusedException">There is none.</exception>
    public static async Task<StoredSubscription> HoldAsync(BillingRequest request) =>
        (await SubscriptionStore.HoldAsync(request.Transaction, TzdbZones.Instance, [request.Route("id")], request.Aborted)) is [var found] ? found : throw Missing(request);

    private static async Task<StoredSubscription> FindAsync(BillingRequest request) =>
        await SubscriptionStore.FindAsync(request.Transaction, TzdbZones.Instance, request.Route("id"), request.Aborted) ?? throw Missing(request);

    private static async Task<Answer> ListAsync(BillingRequest request)
    {
        SubscriptionFilter filter = new()
        {
            Customers = request.Query("customer") is { } customer ? [customer] : null,
            Reference = request.Query("reference"),
            State = State(request),
            PriceBook = request.Query("price_book"),
            Version = request.Query("version") is null ? null : (int)Math.Min(request.QueryNumber("version"), int.MaxValue),
            Plan = request.Query("plan"),
        };
        IReadOnlyList<string> ids = await SubscriptionSearch.FindAsync(request.Transaction, filter, request.Cursor, request.PageSize, request.Aborted);
        IReadOnlyList<StoredSubscription> found = await SubscriptionStore.ReadAsync(request.Transaction, TzdbZones.Instance, ids, request.Aborted);
        return Page.Of(found, request.PageSize, SubscriptionBodies.Write, one => one.Id);
    }

    private async Task<Answer> CreateAsync(BillingRequest request)
    {
        List<Problem> problems = [];
        SubscriptionRequest wanted = SubscriptionRequest.Read(request.Body(), problems);
        RefusedException.ThrowIfAny(problems);
        (StoredSubscription stored, DateTimeOffset at) = await Creation.CreateAsync(request, wanted, standings);
        return SubscriptionBodies.Done(stored, at, StatusCodes.Status201Created) with { Location = $"{Subscriptions}/{stored.Id}" };
    }

    private static string? State(BillingRequest request) => request.Query("state") is not { } text || SubscriptionStateText.All.Contains(text)
        ? request.Query("state")
        : throw RefusedException.BadRequest($"state must be one of {string.Join(", ", SubscriptionStateText.All)}.");

    private static RefusedException Missing(BillingRequest request) => RefusedException.NotFound($"There is no subscription '{request.Route("id")}'.");
}
