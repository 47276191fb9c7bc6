using Metering.Billing;
using Metering.Billing.Invoicing.Requests;
using Metering.Billing.Postgres.Invoices;
using Metering.Billing.Postgres.Subscriptions;
using Metering.BillingCore.Http;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Metering.BillingCore.Invoices;

/// <summary>What happens to a final invoice by hand: payments, credit notes, void and write-off.</summary>
internal sealed class InvoiceChangeEndpoints(IStandings standings)
{
    private const string Note = "/v1/credit-notes/{note}";

    public void Map(IEndpointRouteBuilder routes, BillingEdge edge)
    {
        edge.Map(routes, HttpMethods.Post, $"{InvoiceEndpoints.Invoice}/payments", PayAsync);
        edge.Map(routes, HttpMethods.Post, $"{InvoiceEndpoints.Invoice}/credit-notes", CreditAsync);
        edge.Map(routes, HttpMethods.Post, $"{InvoiceEndpoints.Invoice}/void", VoidAsync);
        edge.Map(routes, HttpMethods.Post, $"{InvoiceEndpoints.Invoice}/write-off", WriteOffAsync);
        edge.Map(routes, HttpMethods.Get, Note, GetNoteAsync);
        edge.Map(routes, HttpMethods.Post, $"{Note}/void", VoidNoteAsync);
    }

    private async Task<Answer> PayAsync(BillingRequest request)
    {
        InvoiceRow invoice = await HeldAsync(request);
        PaymentRequest wanted = Read(request, (body, problems) => PaymentRequest.Read(body, invoice.Currency, problems));
        PaymentToTake payment = new(invoice.Id, wanted.Reference, wanted.Amount, wanted.Method, wanted.ReceivedAt ?? request.Now);
        PaymentRow taken = (await Payments.TakeAsync(request.Transaction, Actors.Api, payment, request.Now, request.Aborted)).Made($"invoice {invoice.Id}");
        await PaidSubscription.FollowAsync(request, standings, invoice.Id);
        return Answer.Json(json => InvoiceBodies.Write(json, taken), StatusCodes.Status201Created);
    }

    private async Task<Answer> CreditAsync(BillingRequest request)
    {
        InvoiceRow invoice = await HeldAsync(request);
        CreditNoteRequest wanted = Read(request, (body, problems) => CreditNoteRequest.Read(body, invoice.Currency, problems));
        NoteToIssue note = new(
            invoice.Id, await CauseAsync(request, invoice.Id, wanted.Reference), wanted.Reason, wanted.Lines?.Select(line => (NotePart)new LinePart(line.Line, line.Amount)).ToList(), wanted.Refunds);
        CreditNoteRow issued = (await CreditNotes.IssueAsync(request.Transaction, Actors.Api, [note], request.Now, request.Aborted))[0].Made($"invoice {invoice.Id}");
        await PaidSubscription.FollowAsync(request, standings, invoice.Id);
        return (await AnswerAsync(request, issued)) with { Status = StatusCodes.Status201Created, Location = $"/v1/credit-notes/{issued.Id}" };
    }

    private async Task<Answer> VoidAsync(BillingRequest request)
    {
        InvoiceRow invoice = await HeldAsync(request);
        ClosingRequest wanted = Read(request, (body, problems) => ClosingRequest.Read(body, mayWaive: true, problems));
        InvoiceRow closed =
            (await InvoiceClosing.VoidAsync(request.Transaction, Actors.Api, invoice.Id, wanted.Reason, wanted.Waives, request.Now, request.Aborted)).Made($"invoice {invoice.Id}");
        await PaidSubscription.FollowAsync(request, standings, invoice.Id);
        return AnswerOf(closed);
    }

    private async Task<Answer> WriteOffAsync(BillingRequest request)
    {
        InvoiceRow invoice = await HeldAsync(request);
        ClosingRequest wanted = Read(request, (body, problems) => ClosingRequest.Read(body, mayWaive: false, problems));
        InvoiceRow closed = (await InvoiceClosing.WriteOffAsync(request.Transaction, Actors.Api, invoice.Id, wanted.Reason, request.Now, request.Aborted)).Made($"invoice {invoice.Id}");
        await PaidSubscription.FollowAsync(request, standings, invoice.Id);
        return AnswerOf(closed);
    }

    private static async Task<Answer> GetNoteAsync(BillingRequest request) => await AnswerAsync(
        request,
        await CreditNoteStore.FindAsync(request.Transaction, request.Route("note"), request.Aborted) ?? throw RefusedException.NotFound($"There is no credit note '{request.Route("note")}'."));

    private static async Task<Answer> VoidNoteAsync(BillingRequest request)
    {
        ClosingRequest wanted = Read(request, (body, problems) => ClosingRequest.Read(body, mayWaive: false, problems));
        string id = request.Route("note");
        return await AnswerAsync(request, (await CreditNotes.VoidAsync(request.Transaction, Actors.Api, id, wanted.Reason, request.Now, request.Aborted)).Made($"credit note {id}"));
    }

    /// <summary>The caller's reference, or that it is one more.</summary>
    private static async Task<string> CauseAsync(BillingRequest request, string invoice, string? reference) => reference is not null
        ? $"reference:{reference}"
        : FormattableString.Invariant($"number:{(await CreditNoteStore.OfInvoicesAsync(request.Transaction, [invoice], request.Aborted)).Count + 1}");

    /// <summary>Held, so that what If-Match was compared with does not change until the answer.</summary>
    private static async Task<InvoiceRow> HeldAsync(BillingRequest request)
    {
        string id = request.Route("invoice");
        InvoiceRow invoice = (await InvoiceStore.HoldAsync(request.Transaction, [id], request.Aborted)).GetValueOrDefault(id) ?? throw RefusedException.NotFound($"There is no invoice '{id}'.");
        request.CheckPreconditions(invoice.Revision);
        return invoice;
    }

    private static T Read<T>(BillingRequest request, Func<System.Text.Json.JsonElement, List<Problem>, T> read)
    {
        List<Problem> problems = [];
        T wanted = read(request.Body(), problems);
        RefusedException.ThrowIfAny(problems);
        return wanted;
    }

    private static async Task<Answer> AnswerAsync(BillingRequest request, CreditNoteRow note)
    {
        IReadOnlyList<CreditNoteLineRow> lines = await CreditNoteStore.LinesAsync(request.Transaction, [note.Id], request.Aborted);
        return Answer.Json(json => InvoiceBodies.Write(json, note, lines));
    }

    private static Answer AnswerOf(InvoiceRow invoice) => Answer.Json(json => InvoiceBodies.Write(json, invoice), etag: BillingRequest.ETagOf(invoice.Revision));
}
