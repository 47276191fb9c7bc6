using System.Diagnostics;
using System.Text.Json;
using Metering.Billing;
using Metering.Billing.Invoicing.Requests;
using Metering.Billing.Postgres.Refunds;
using Metering.BillingCore.Catalog;
using Metering.BillingCore.Http;
using Metering.BillingCore.Invoices;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Metering.BillingCore.Refunds;

/// <summary>Money that was sent back to customers, and what came back of it.</summary>
internal static class RefundEndpoints
{
    private const string Refunds = "/v1/refunds";
    private const string Refund = $"{Refunds}/{{refund}}";

    public static void Map(IEndpointRouteBuilder routes, BillingEdge edge)
    {
        edge.Map(routes, HttpMethods.Get, Refunds, ListAsync);
        edge.Map(routes, HttpMethods.Post, Refunds, SendAsync);
        edge.Map(routes, HttpMethods.Get, Refund, GetAsync);
        edge.Map(routes, HttpMethods.Post, $"{Refund}/fail", FailAsync);
    }

    private static async Task<Answer> ListAsync(BillingRequest request)
    {
        string? state = request.Query("state") is null or "sent" or "failed" ? request.Query("state") : throw RefusedException.BadRequest("state must be sent or failed.");
        IReadOnlyList<RefundRow> refunds =
            await RefundStore.ListAsync(request.Transaction, request.Query("customer"), state, TimedCursor.Of(request.Cursor), request.PageSize, request.Aborted);
        return Page.Of(refunds, request.PageSize, Write, refund => TimedCursor.Text(refund.CreatedAt, refund.Id));
    }

    private static async Task<Answer> GetAsync(BillingRequest request)
    {
        string id = request.Route("refund");
        RefundRow refund = await RefundStore.FindAsync(request.Transaction, id, request.Aborted) ?? throw Refused(RefundRefusal.Unknown, id);
        return Answer.Json(json => Write(json, refund));
    }

    private static async Task<Answer> SendAsync(BillingRequest request)
    {
        List<Problem> problems = [];
        SentRefundRequest wanted = SentRefundRequest.Read(request.Body(), problems);
        RefusedException.ThrowIfAny(problems);
        RefundToSend refund = new(new RefundSource(wanted.Note, wanted.Grant), wanted.Reference, wanted.Amount, wanted.SentAt ?? request.Now);
        RefundChange change = await RefundSending.SendAsync(request.Transaction, Actors.Api, refund, request.Now, request.Aborted);
        RefundRow sent = change.Refund ?? throw Refused(change.Refusal, wanted.Note is not null ? $"credit note {wanted.Note}" : $"grant {wanted.Grant}");
        return Answer.Json(json => Write(json, sent), StatusCodes.Status201Created, location: $"{Refunds}/{sent.Id}");
    }

    private static async Task<Answer> FailAsync(BillingRequest request)
    {
        List<Problem> problems = [];
        ClosingRequest wanted = ClosingRequest.Read(request.Body(), mayWaive: false, problems);
        RefusedException.ThrowIfAny(problems);
        string id = request.Route("refund");
        RefundChange change = await RefundSending.FailAsync(request.Transaction, Actors.Api, id, wanted.Reason, request.Now, request.Aborted);
        RefundRow failed = change.Refund ?? throw Refused(change.Refusal, id);
        return Answer.Json(json => Write(json, failed));
    }

    private static RefusedException Refused(RefundRefusal refusal, string what) => refusal switch
    {
        RefundRefusal.Unknown => RefusedException.NotFound($"There is no refund '{what}'."),
        RefundRefusal.UnknownSource => RefusedException.NotFound($"There is no {what}."),
        RefundRefusal.ReferenceUsed => RefusedException.Conflict("This reference was used for another refund. A reference is used once."),
        RefundRefusal.OtherCurrency => RefusedException.Invalid([new Problem("currency", $"is not the one of {what}")]),
        RefundRefusal.NothingLeft => RefusedException.Conflict($"Nothing is to be refunded of {what}: it was sent, or was given as credit."),
        RefundRefusal.TooMuch => RefusedException.Conflict($"Less than that is to be refunded of {what}."),
        RefundRefusal.Overdrawn => RefusedException.Conflict("Refunds payable holds less than that: somebody took it out by hand."),
        RefundRefusal.HasFailed => RefusedException.Conflict($"Refund {what} has failed already."),
        RefundRefusal.None or _ => throw new UnreachableException(),
    };

    private static void Write(Utf8JsonWriter json, RefundRow refund)
    {
        json.WriteStartObject();
        json.WriteString("id", refund.Id);
        json.WriteString("reference", refund.Reference);
        json.WriteString("customer", refund.Customer);
        json.WriteString("credit_note", refund.Source.Note);
        json.WriteString("grant", refund.Source.Grant);
        json.WriteString("state", refund.State);
        json.WriteString("currency", refund.Amount.Currency.Code);
        json.WriteString("amount", refund.Amount.ToString());
        InvoiceBodies.Write(json, "sent_at", refund.SentAt);
        InvoiceBodies.Write(json, "created_at", refund.CreatedAt);
        InvoiceBodies.Write(json, "failed_at", refund.FailedAt);
        json.WriteString("fail_reason", refund.FailReason);
        json.WriteEndObject();
    }
}
