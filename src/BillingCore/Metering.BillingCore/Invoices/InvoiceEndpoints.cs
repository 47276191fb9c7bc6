using System.Globalization;
using System.Text.Json;
using Metering.Billing;
using Metering.Billing.Invoicing;
using Metering.Billing.Postgres.Invoices;
using Metering.BillingCore.Catalog;
using Metering.BillingCore.Http;
using Metering.BillingCore.Runs;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Metering.BillingCore.Invoices;

/// <summary>Invoices: listed, read, explained, printed, and computed again.</summary>
internal sealed class InvoiceEndpoints(HistoryCheck history)
{
    public const string Invoices = "/v1/invoices";
    public const string Invoice = $"{Invoices}/{{invoice}}";
    public const string Line = $"{Invoice}/lines/{{line}}";

    private const int MaxDifferences = 100;

    public void Map(IEndpointRouteBuilder routes, BillingEdge edge)
    {
        edge.Map(routes, HttpMethods.Get, Invoices, ListAsync);
        edge.Map(routes, HttpMethods.Get, $"{Invoices}/verify", VerifyAsync);
        edge.Map(routes, HttpMethods.Get, Invoice, GetAsync);
        edge.Map(routes, HttpMethods.Delete, Invoice, DeleteAsync);
        edge.Map(routes, HttpMethods.Get, $"{Invoice}/html", HtmlAsync);
        edge.Map(routes, HttpMethods.Get, $"{Line}/explain", ExplainAsync);
    }

    /// <summary>The line of the route, and its invoice.</summary>
    /// <exception cref="RefusedException">There is none.</exception>
    public static async Task<(InvoiceView View, int Line)> LineAsync(BillingRequest request)
    {
        InvoiceView view = await ViewAsync(request);
        return int.TryParse(request.Route("line"), NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number > 0 && number <= view.Lines.Count
            ? (view, number)
            : throw RefusedException.NotFound($"Invoice {view.Invoice.Id} has lines 1 to {view.Lines.Count}.");
    }

    private static async Task<Answer> ListAsync(BillingRequest request)
    {
        InvoiceState? state = request.Query("state") is { } name
            ? InvoiceNames.FindState(name) ?? throw RefusedException.BadRequest("state must be one of draft, open, paid, void, uncollectible.")
            : null;
        IReadOnlyList<InvoiceRow> invoices = await InvoiceStore.ListAsync(
            request.Transaction, request.Query("customer"), request.Query("subscription"), state, TimedCursor.Of(request.Cursor), request.PageSize, request.Aborted);
        return Page.Of(invoices, request.PageSize, InvoiceBodies.Write, invoice => TimedCursor.Text(invoice.DueAt, invoice.Id));
    }

    private static async Task<Answer> GetAsync(BillingRequest request)
    {
        InvoiceView view = await ViewAsync(request);
        return Answer.Json(json => InvoiceBodies.Write(json, view), etag: BillingRequest.ETagOf(view.Invoice.Revision));
    }

    private static async Task<Answer> DeleteAsync(BillingRequest request)
    {
        InvoiceRow invoice = await FindAsync(request);
        request.CheckPreconditions(invoice.Revision);
        return (await InvoiceDrafts.DeleteAsync(request.Transaction, [invoice.Id], request.Aborted)).Count == 1
            ? Answer.NoContent
            : throw RefusedException.Conflict($"Invoice {invoice.Id} is {invoice.State.Name()} and stays: a final invoice is voided, or credited.");
    }

    private static async Task<Answer> HtmlAsync(BillingRequest request)
    {
        InvoiceView view = await ViewAsync(request);
        bool isServed = request.Query("standalone") switch
        {
            null or "false" => true,
            "true" => false,
            _ => throw RefusedException.BadRequest("standalone must be true or false."),
        };
        return new Answer(StatusCodes.Status200OK, InvoicePage.Bytes(view, isServed), ContentType: "text/html; charset=utf-8");
    }

    private static async Task<Answer> ExplainAsync(BillingRequest request)
    {
        (InvoiceView view, int number) = await LineAsync(request);
        return Answer.Json(json => InvoiceBodies.WriteExplained(json, view, number), etag: BillingRequest.ETagOf(view.Invoice.Revision));
    }

    /// <summary>A page of all final invoices, or the one that is asked for; from their stored inputs, and on request from the history as well.</summary>
    private async Task<Answer> VerifyAsync(BillingRequest request)
    {
        bool fromHistory = request.Query("from_history") switch
        {
            null or "false" => false,
            "true" => true,
            _ => throw RefusedException.BadRequest("from_history must be true or false."),
        };
        string[]? ids = request.Query("invoice") is { } id ? [id] : null;
        IReadOnlyList<StoredInvoice> stored = await InvoiceStore.StoredAsync(request.Transaction, ids, request.Cursor, request.PageSize, request.Aborted);
        if (ids is not null && stored.Count == 0)
        {
            throw RefusedException.NotFound($"There is no final invoice '{ids[0]}'.");
        }

        List<VerifiedInvoice> verified = [];
        foreach (StoredInvoice invoice in stored)
        {
            verified.Add(await VerifyAsync(request, invoice, fromHistory));
        }

        return Page.Of(verified, request.PageSize, Write, one => one.Invoice.Id);
    }

    /// <summary>What cannot be read, or is not what was stored, is not compared to anything else.</summary>
    private async Task<VerifiedInvoice> VerifyAsync(BillingRequest request, StoredInvoice invoice, bool fromHistory)
    {
        InvoiceCheck check = InvoiceRules.Check(invoice.Inputs, invoice.InputsHash, invoice.Body);
        return check != InvoiceCheck.Same || !fromHistory
            ? new VerifiedInvoice(invoice, Name(check), [])
            : await history.CompareAsync(request.Transaction, invoice, request.Aborted) switch
            {
                null => new VerifiedInvoice(invoice, "same_without_history", []),
                [] => new VerifiedInvoice(invoice, Name(check), []),
                var differences => new VerifiedInvoice(invoice, "history_differs", differences),
            };
    }

    private static void Write(Utf8JsonWriter json, VerifiedInvoice verified)
    {
        json.WriteStartObject();
        json.WriteString("id", verified.Invoice.Id);
        json.WriteString("number", verified.Invoice.Number);
        json.WriteString("result", verified.Result);
        if (verified.Differences.Count > 0)
        {
            json.WriteStartArray("differences");
            foreach (InputDifference difference in verified.Differences.Take(MaxDifferences))
            {
                json.WriteStartObject();
                json.WriteString("input", difference.Input);
                json.WriteString("stored", difference.Stored);
                json.WriteString("derived", difference.Derived);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        json.WriteEndObject();
    }

    private static string Name(InvoiceCheck check) => check switch
    {
        InvoiceCheck.Same => "same",
        InvoiceCheck.UnknownRules => "unknown_rules",
        InvoiceCheck.Unreadable => "unreadable",
        InvoiceCheck.InputsDiffer => "inputs_differ",
        InvoiceCheck.BodyDiffers => "body_differs",
    };

    private static async Task<InvoiceRow> FindAsync(BillingRequest request) =>
        await InvoiceStore.FindAsync(request.Transaction, request.Route("invoice"), request.Aborted) ?? throw Missing(request);

    private static async Task<InvoiceView> ViewAsync(BillingRequest request) =>
        await InvoiceView.FindAsync(request.Transaction, request.Route("invoice"), request.Aborted) ?? throw Missing(request);

    private static RefusedException Missing(BillingRequest request) => RefusedException.NotFound($"There is no invoice '{request.Route("invoice")}'.");
}

/// <param name="Result">The first that holds.</param>
internal sealed record VerifiedInvoice(StoredInvoice Invoice, string Result, IReadOnlyList<InputDifference> Differences);
