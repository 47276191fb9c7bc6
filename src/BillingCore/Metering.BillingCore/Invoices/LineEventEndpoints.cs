using System.Globalization;
using System.Text.Json;
using Metering.Billing;
using Metering.Billing.Rating;
using Metering.BillingCore.Http;
using Metering.BillingCore.Metered;
using Metering.Storage.ClickHouse;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Options;

namespace Metering.BillingCore.Invoices;

/// <summary><c>GET /v1/invoices/{invoice}/lines/{line}/events</c>: from a line back to the events that it counted.</summary>
internal sealed class LineEventEndpoints(ClickHouseDatabase database, IOptions<BillingOptions> options)
{
    public void Map(IEndpointRouteBuilder routes, BillingEdge edge) => edge.Map(routes, HttpMethods.Get, $"{InvoiceEndpoints.Line}/events", ListAsync);

    private async Task<Answer> ListAsync(BillingRequest request)
    {
        (InvoiceView view, int number) = await InvoiceEndpoints.LineAsync(request);
        LineUsage line = await LineUsage.FindAsync(request.Transaction, database, view, number, request.Aborted);
        EventPosition? after = request.Cursor is { } cursor ? PositionOf(cursor) : null;
        LineEvents events = await LineEvents.ReadAsync(database, request.Transaction.Tenant, line, after, request.PageSize, options.Value.MaxSimulatedEvents, request.Aborted);
        return Answer.Json(json => Write(json, line, events));
    }

    private static void Write(Utf8JsonWriter json, LineUsage line, LineEvents events)
    {
        json.WriteStartObject();
        json.WriteString("line", line.Line.Id);
        json.WriteString("meter", line.Source.Meter);
        json.WriteInstant("from", line.Line.Service.Start);
        json.WriteInstant("to", line.Line.Service.End);
        json.WriteNumber("seal", line.Seal.Number);
        json.WriteNumber("approved_history_seal", line.Seal.ApprovedHistory);
        json.WriteString("quantity", QuantityOf(line.Frozen.Usage));
        json.WriteStartObject("counted");
        json.WriteString("quantity", QuantityOf(events.Counted));
        json.WriteNumber("events", events.Events);
        json.WriteEndObject();
        json.WriteBoolean("agrees", events.Agrees(line));
        if (events.Stored is { } stored)
        {
            json.WriteNumber("stored", stored);
        }

        if (events.Events - events.Stored is > 0 and var gone)
        {
            json.WriteString("note", $"{gone} of the {events.Events} events are not stored any more: raw events are kept for a limited time. The windows that counted them are kept.");
        }

        json.WriteStartArray("items");
        foreach (LineEvent one in events.Page)
        {
            Write(json, one);
        }

        json.WriteEndArray();
        json.WriteString("next_cursor", events.HasMore ? BillingRequest.CursorOf(Text(events.Page[^1].Position)) : null);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, LineEvent one)
    {
        json.WriteStartObject();
        json.WriteString("id", one.Position.Id);
        json.WriteString("source", one.Position.Source);
        json.WriteString("time", one.Time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", CultureInfo.InvariantCulture));
        json.WriteString("subject", one.Subject);
        json.WriteString("value", one.Value?.ToString());
        json.WriteStartObject("dimensions");
        foreach ((string dimension, string value) in one.Dimensions)
        {
            json.WriteString(dimension, value);
        }

        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static string QuantityOf(Usage usage) => (usage.IsNone ? Fraction.Zero : usage.Quantity).ToString();

    private static string Text(EventPosition position) =>
        JsonSerializer.Serialize<string[]>([position.Ticks.ToString(CultureInfo.InvariantCulture), position.Source, position.Id]);

    private static EventPosition PositionOf(string cursor)
    {
        try
        {
            if (JsonSerializer.Deserialize<string?[]>(cursor) is [{ } ticks, { } source, { } id])
            {
                return new EventPosition(long.Parse(ticks, CultureInfo.InvariantCulture), source, id);
            }
        }
        catch (Exception mistake) when (mistake is JsonException or FormatException or OverflowException)
        {
            // Said below.
        }

        throw RefusedException.BadRequest("cursor is not one that this endpoint gave out.");
    }
}
