using Metering.Billing;
using Metering.Billing.Customers;
using Metering.Billing.Postgres.Customers;
using Metering.Billing.Postgres.Subscriptions;
using Metering.Billing.Postgres.Tenancy;
using Metering.Billing.Zones;
using Metering.BillingCore.Catalog;
using Metering.BillingCore.Http;
using Metering.BillingCore.Subscriptions;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Metering.BillingCore.Customers;

/// <summary>Customers: listed, read, put and archived by key.</summary>
internal sealed class CustomerEndpoints(ZoneMoves zoneMoves)
{
    public const string Customers = "/v1/customers";
    public const string One = $"{Customers}/{{customer}}";

    private const int MaxKeyLength = 200;

    public void Map(IEndpointRouteBuilder routes, BillingEdge edge)
    {
        edge.Map(routes, HttpMethods.Get, Customers, ListAsync);
        edge.Map(routes, HttpMethods.Get, One, GetAsync);
        edge.Map(routes, HttpMethods.Put, One, PutAsync);
        edge.Map(routes, HttpMethods.Delete, One, ArchiveAsync);
    }

    /// <summary>The customer of the route.</summary>
    /// <exception cref="RefusedException">There is none.</exception>
    public static async Task<Customer> FindAsync(BillingRequest request) =>
        await CustomerStore.FindAsync(request.Transaction, request.Route("customer"), request.Aborted) ?? throw Missing(request.Route("customer"));

    /// <summary>The same; until the request is done, nobody else changes it.</summary>
    /// <inheritdoc cref="FindAsync"/>
    public static async Task<Customer> HoldAsync(BillingRequest request) =>
        await CustomerStore.HoldAsync(request.Transaction, request.Route("customer"), request.Aborted) ?? throw Missing(request.Route("customer"));

    private static RefusedException Missing(string key) => RefusedException.NotFound($"There is no customer '{key}'.");

    private static async Task<Answer> ListAsync(BillingRequest request)
    {
        IReadOnlyList<Customer> customers = await CustomerStore.ListAsync(request.Transaction, request.Cursor, request.PageSize, request.Aborted);
        return Page.Of(customers, request.PageSize, CustomerBodies.Write, customer => customer.Key);
    }

    private static async Task<Answer> GetAsync(BillingRequest request) => AnswerOf(await FindAsync(request));

    private async Task<Answer> PutAsync(BillingRequest request)
    {
        string key = KeyOf(request.Route("customer"));
        CustomerRequest put = Read(request);
        await Tenants.AddAsync(request.Transaction, request.Now, request.Aborted);
        Customer? there = await CustomerStore.HoldAsync(request.Transaction, key, request.Aborted);
        request.CheckPreconditions(there?.Revision);
        Customer customer = new(
            key, put.Name ?? key, put.Currency, put.Zone, put.PaymentTermDays, put.TaxStatus, put.AppliesCredit, put.Metadata, there?.Revision ?? 0,
            there?.CreatedAt ?? request.Now, there?.UpdatedAt ?? request.Now, put.GraceDays, ArchivedAt: null);
        if (customer == there)
        {
            return AnswerOf(there);
        }

        Customer stored = await CustomerStore.PutAsync(request.Transaction, customer, request.Now, request.Aborted);
        if (there is not null && there.Zone != stored.Zone)
        {
            await zoneMoves.CustomerAsync(request.Transaction, key, TzdbZones.Instance.Find(stored.Zone)!, Actors.Api, request.Now, request.Aborted);
        }

        await TellAsync(request, there is null ? "customer.created" : "customer.updated", stored);
        return there is null ? AnswerOf(stored) with { Status = StatusCodes.Status201Created, Location = $"{Customers}/{Uri.EscapeDataString(key)}" } : AnswerOf(stored);
    }

    private static async Task<Answer> ArchiveAsync(BillingRequest request)
    {
        Customer there = await HoldAsync(request);
        string key = there.Key;
        request.CheckPreconditions(there.Revision);
        SubscriptionFilter living = new() { Customers = [key], Living = true };
        if (await SubscriptionSearch.FindAsync(request.Transaction, living, after: null, 1, request.Aborted) is [var live])
        {
            throw RefusedException.Conflict($"Customer '{key}' stays: subscription {live} has not ended. Cancel it first.");
        }

        if (there.ArchivedAt is null)
        {
            await CustomerStore.ArchiveAsync(request.Transaction, key, request.Now, request.Aborted);
            await TellAsync(request, "customer.archived", there);
        }

        return Answer.NoContent;
    }

    private static CustomerRequest Read(BillingRequest request)
    {
        List<Problem> problems = [];
        CustomerRequest put = CustomerRequest.Read(request.Body(), problems);
        if (TzdbZones.Instance.Find(put.Zone) is null)
        {
            problems.Add(new Problem("zone", $"'{put.Zone}' is not a zone of the IANA database {TzdbZones.Instance.TzdbVersion}"));
        }

        RefusedException.ThrowIfAny(problems);
        return put;
    }

    /// <summary>A customer's key is the caller's own, unlike those of the catalogue: whatever its other systems use.</summary>
    private static string KeyOf(string key) => key.Length <= MaxKeyLength && !key.Any(char.IsControl)
        ? key
        : throw RefusedException.BadRequest($"A customer's key is at most {MaxKeyLength} characters without control characters.");

    private static Task TellAsync(BillingRequest request, string what, Customer customer) =>
        Told.OnceAsync(request, what, $"customer:{customer.Key}", json => CustomerBodies.Write(json, customer));

    private static Answer AnswerOf(Customer customer) => Answer.Json(json => CustomerBodies.Write(json, customer), etag: BillingRequest.ETagOf(customer.Revision));
}
