using System.Diagnostics;
using System.Text.Json;
using Metering.Billing;
using Metering.Billing.Invoicing.Requests;
using Metering.Billing.Postgres.Customers;
using Metering.Billing.Postgres.Grants;
using Metering.Billing.Zones;
using Metering.BillingCore.Catalog;
using Metering.BillingCore.Http;
using Metering.BillingCore.Invoices;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Metering.BillingCore.Grants;

/// <summary>Credit that is given away or sold, and what customers have of it.</summary>
internal static class GrantEndpoints
{
    private const string Grants = "/v1/grants";
    private const string Grant = $"{Grants}/{{grant}}";

    public static void Map(IEndpointRouteBuilder routes, BillingEdge edge)
    {
        edge.Map(routes, HttpMethods.Get, Grants, ListAsync);
        edge.Map(routes, HttpMethods.Post, Grants, MakeAsync);
        edge.Map(routes, HttpMethods.Get, $"{Grants}/balance", BalanceAsync);
        edge.Map(routes, HttpMethods.Get, Grant, GetAsync);
        edge.Map(routes, HttpMethods.Post, $"{Grant}/refunds", RefundAsync);
    }

    private static async Task<Answer> ListAsync(BillingRequest request)
    {
        GrantState? state = request.Query("state") is { } name
            ? GrantNames.FindState(name) ?? throw RefusedException.BadRequest("state must be one of pending, usable, expired, void.")
            : null;
        IReadOnlyList<GrantRow> grants =
            await GrantStore.ListAsync(request.Transaction, request.Query("customer"), state, TimedCursor.Of(request.Cursor), request.PageSize, request.Aborted);
        return Page.Of(grants, request.PageSize, Write, grant => TimedCursor.Text(grant.GrantedAt, grant.Id));
    }

    private static async Task<Answer> GetAsync(BillingRequest request)
    {
        GrantRow grant = await FindAsync(request);
        return Answer.Json(json => Write(json, grant));
    }

    private static async Task<Answer> MakeAsync(BillingRequest request)
    {
        List<Problem> problems = [];
        GrantRequest wanted = GrantRequest.Read(request.Body(), request.Now, problems);
        RefusedException.ThrowIfAny(problems);
        GrantToMake grant = new(
            wanted.Customer, wanted.Kind, wanted.Amount, wanted.Reference, wanted.Components, wanted.Priority, wanted.ValidFrom ?? request.Now, wanted.ExpiresAt);
        GrantRow made = Made(await GrantMaking.MakeAsync(request.Transaction, Actors.Api, grant, TzdbZones.Instance.TzdbVersion, request.Now, request.Aborted), wanted.Customer);
        return Answer.Json(json => Write(json, made), StatusCodes.Status201Created, location: $"{Grants}/{made.Id}");
    }

    private static async Task<Answer> RefundAsync(BillingRequest request)
    {
        GrantRow grant = await FindAsync(request);
        List<Problem> problems = [];
        RefundRequest wanted = RefundRequest.Read(request.Body(), grant.Amount.Currency, problems);
        RefusedException.ThrowIfAny(problems);
        GrantRow refunded = Made(await GrantEnds.RefundAsync(request.Transaction, Actors.Api, grant.Id, wanted.Amount, request.Now, request.Aborted), grant.Id);
        return Answer.Json(json => Write(json, refunded));
    }

    private static async Task<Answer> BalanceAsync(BillingRequest request)
    {
        string customer = request.Query("customer") ?? throw RefusedException.BadRequest("customer is required.");
        if (await CustomerStore.FindAsync(request.Transaction, customer, request.Aborted) is null)
        {
            throw RefusedException.NotFound($"There is no customer '{customer}'.");
        }

        IReadOnlyList<CreditBalance> balances = await CreditBalances.ReadAsync(request.Transaction, customer, request.Now, request.Aborted);
        return Answer.Json(json =>
        {
            json.WriteStartObject();
            json.WriteString("customer", customer);
            json.WriteStartArray("balances");
            foreach (CreditBalance balance in balances)
            {
                json.WriteStartObject();
                json.WriteString("currency", balance.Currency.Code);
                json.WriteString("promotional", balance.Promotional.ToString());
                json.WriteString("paid", balance.Paid.ToString());
                json.WriteString("pending", balance.Pending.ToString());
                json.WriteString("customer_credit", balance.CustomerCredit.ToString());
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        });
    }

    private static async Task<GrantRow> FindAsync(BillingRequest request) =>
        await GrantStore.FindAsync(request.Transaction, request.Route("grant"), request.Aborted) ?? throw RefusedException.NotFound($"There is no grant '{request.Route("grant")}'.");

    private static GrantRow Made(GrantChange change, string what) => change.Refusal switch
    {
        GrantRefusal.None => change.Grant!,
        GrantRefusal.Unknown => throw RefusedException.NotFound($"There is no grant '{what}'."),
        GrantRefusal.UnknownCustomer => throw RefusedException.Invalid([new Problem("customer", $"there is no customer '{what}'")]),
        GrantRefusal.ReferenceUsed => throw RefusedException.Conflict("This reference was used for another grant. A reference is used once."),
        GrantRefusal.GivenAway => throw RefusedException.Conflict($"Grant {what} was given away: there is nothing to refund."),
        GrantRefusal.NotPaid => throw RefusedException.Conflict($"The purchase of grant {what} is not paid: void its invoice."),
        GrantRefusal.IsGone => throw RefusedException.Conflict($"Grant {what} has expired, or its purchase was voided."),
        GrantRefusal.NothingLeft => throw RefusedException.Conflict($"Nothing is left of grant {what}."),
        GrantRefusal.TooMuch => throw RefusedException.Conflict($"Less than that is left of grant {what}."),
        _ => throw new UnreachableException(),
    };

    private static void Write(Utf8JsonWriter json, GrantRow grant)
    {
        json.WriteStartObject();
        json.WriteString("id", grant.Id);
        json.WriteString("reference", grant.Reference);
        json.WriteString("customer", grant.Customer);
        json.WriteString("kind", grant.Kind.Name());
        json.WriteString("state", grant.State.Name());
        json.WriteString("currency", grant.Amount.Currency.Code);
        json.WriteString("amount", grant.Amount.ToString());
        json.WriteString("remaining", grant.Remaining.ToString());
        if (grant.Components is { } components)
        {
            json.WriteStartArray("components");
            foreach (string component in components)
            {
                json.WriteStringValue(component);
            }

            json.WriteEndArray();
        }

        json.WriteNumber("priority", grant.Priority);
        InvoiceBodies.Write(json, "valid_from", grant.ValidFrom);
        InvoiceBodies.Write(json, "expires_at", grant.ExpiresAt);
        InvoiceBodies.Write(json, "granted_at", grant.GrantedAt);
        json.WriteString("invoice", grant.Invoice);
        json.WriteEndObject();
    }
}
