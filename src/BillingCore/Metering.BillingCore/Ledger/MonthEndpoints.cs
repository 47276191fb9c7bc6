using System.Text.Json;
using Metering.Billing;
using Metering.Billing.Postgres.Ledger;
using Metering.Billing.Zones;
using Metering.BillingCore.Catalog;
using Metering.BillingCore.Http;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Metering.BillingCore.Ledger;

/// <summary>Months: what was deferred becomes revenue when they are over, and then they are closed.</summary>
internal static class MonthEndpoints
{
    public static void Map(IEndpointRouteBuilder routes, BillingEdge edge)
    {
        edge.Map(routes, HttpMethods.Get, "/v1/ledger/months", ListAsync);
        edge.Map(routes, HttpMethods.Post, "/v1/ledger/months/{month}/close", CloseAsync);
        edge.Map(routes, HttpMethods.Post, "/v1/ledger/recognitions", RecognizeAsync);
    }

    private static async Task<Answer> ListAsync(BillingRequest request)
    {
        DateOnly? before = request.Cursor is { } cursor && LedgerText.TryMonth(cursor, out DateOnly month) ? month : null;
        IReadOnlyList<ClosedMonth> months = await ClosedMonths.ListAsync(request.Transaction, before, request.PageSize, request.Aborted);
        return Page.Of(months, request.PageSize, LedgerBodies.Write, one => LedgerText.OfMonth(one.Month));
    }

    /// <summary>Only a month that is over, and whose revenue is recognised. Closing it again changes nothing.</summary>
    private static async Task<Answer> CloseAsync(BillingRequest request)
    {
        DateOnly month = Month(request, "month", request.Route("month"));
        string by = Text(request.Body(), "approver") ?? throw RefusedException.Invalid([new Problem("approver", "is required: who closes it")]);
        (long lines, DateTimeOffset? due) = await ClosedMonths.UnrecognizedAsync(request.Transaction, month, request.Aborted);
        if (lines > 0)
        {
            throw RefusedException.Conflict(
                $"{lines} deferred lines have revenue of {LedgerText.OfMonth(month)} or before it that is not recognised; the first is due at {LedgerText.Of(due!.Value)}. Run 'metering ledger recognize' first.");
        }

        bool closed = await ClosedMonths.CloseAsync(request.Transaction, new ClosedMonth(month, request.Now, by), request.Aborted);
        DateOnly open = (await ClosedMonths.OpenFromAsync(request.Transaction, request.Aborted))!.Value;
        return Answer.Json(json =>
        {
            json.WriteStartObject();
            json.WriteString("result", closed ? "Closed" : "AlreadyClosed");
            json.WriteString("month", LedgerText.OfMonth(month));
            json.WriteString("open_from", LedgerText.Of(open));
            json.WriteEndObject();
        });
    }

    /// <summary>One batch; to be repeated until it is done.</summary>
    private static async Task<Answer> RecognizeAsync(BillingRequest request)
    {
        DateOnly? until = Text(request.Body(), "until") is { } text ? Month(request, "until", text) : null;
        RecognizedBatch batch = await RevenueRecognition.RunAsync(request.Transaction, TzdbZones.Instance, until, request.Now, request.Aborted);
        return Answer.Json(json =>
        {
            json.WriteStartObject();
            json.WriteNumber("lines", batch.Lines);
            json.WriteNumber("posted", batch.Posted);
            json.WriteBoolean("done", batch.IsLast);
            json.WriteEndObject();
        });
    }

    /// <exception cref="RefusedException">Not a month, or not over.</exception>
    private static DateOnly Month(BillingRequest request, string name, string text)
    {
        if (!LedgerText.TryMonth(text, out DateOnly month))
        {
            throw RefusedException.BadRequest($"{name} must be a month such as 2026-01.");
        }

        return month.AddMonths(1) <= DateOnly.FromDateTime(request.Now.UtcDateTime)
            ? month
            : throw new RefusedException(StatusCodes.Status422UnprocessableEntity, $"{LedgerText.OfMonth(month)} is not over.");
    }

    private static string? Text(JsonElement body, string name) =>
        body.ValueKind == JsonValueKind.Object && body.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String && value.GetString() is { Length: > 0 } text ? text : null;
}
