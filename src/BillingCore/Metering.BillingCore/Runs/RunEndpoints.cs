using System.Globalization;
using System.Text.Json;
using Metering.Billing;
using Metering.Billing.Invoicing;
using Metering.Billing.Postgres.Runs;
using Metering.BillingCore.Http;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Metering.BillingCore.Runs;

/// <summary>Runs that somebody asks for, the invoice that comes next, and drafts that shall wait no longer.</summary>
internal sealed class RunEndpoints(BillingRun run, Preview preview, WaitWatch watch, TimeProvider time)
{
    private const int MaxReason = 1000;

    public void Map(IEndpointRouteBuilder routes, BillingEdge edge)
    {
        edge.MapOutside(routes, HttpMethods.Post, "/v1/billing-runs", RunAsync);
        edge.Map(routes, HttpMethods.Get, "/v1/billing-runs/due", DueAsync);
        edge.Map(routes, HttpMethods.Get, "/v1/subscriptions/{id}/preview", PreviewAsync);
        edge.Map(routes, HttpMethods.Post, "/v1/subscriptions/{id}/finalize", FinalizeAsync);
    }

    /// <summary>Bills what is due until there is no more, or some seconds are over: then the answer says that there is more.</summary>
    private async Task<Answer> RunAsync(HttpContext context, string tenant, byte[] body)
    {
        using CancellationTokenSource enough = new(TimeSpan.FromSeconds(2), time);
        RunTally tally = await run.RunAsync(tenant, time.GetUtcNow(), progress: null, enough.Token, context.RequestAborted);
        return Answer.Json(json =>
        {
            json.WriteStartObject();
            json.WriteNumber("subscriptions", tally.Subscriptions);
            json.WriteNumber("invoices", tally.Invoices);
            json.WriteNumber("waiting", tally.Waiting);
            json.WriteBoolean("more", enough.IsCancellationRequested && tally.Subscriptions > 0);
            json.WriteEndObject();
        });
    }

    private async Task<Answer> DueAsync(BillingRequest request)
    {
        Completeness completeness = await Completeness.ReadAsync(request.Transaction, request.Aborted);
        DueCounts counts = await DueSubscriptions.CountAsync(request.Transaction, request.Now, completeness.Upto, request.Aborted);
        IReadOnlyList<DraftWait> waits = await DraftWaits.ReadAsync(request.Transaction, request.Now, completeness.Upto, request.Aborted);
        DraftWait? unsealed = waits.Where(wait => wait.Reason == WaitReason.Unsealed).Select(wait => (DraftWait?)wait).FirstOrDefault();
        IReadOnlyList<SlowPartition> slow = unsealed is { } wait ? await DraftWaits.PartitionsAsync(request.Transaction, watch.ClockFor(wait.Oldest), request.Aborted) : [];
        return Answer.Json(json =>
        {
            json.WriteStartObject();
            json.WriteNumber("due", counts.Due);
            json.WriteNumber("waiting", counts.Waiting);
            WriteInstant(json, "oldest_wait", counts.OldestWait);
            json.WriteNumber("seal", completeness.Seal);
            WriteInstant(json, "sealed_upto", completeness.Seal == 0 ? null : completeness.Upto);
            WriteWaits(json, waits, slow, completeness.Filling);
            json.WriteEndObject();
        });
    }

    private static void WriteWaits(Utf8JsonWriter json, IReadOnlyList<DraftWait> waits, IReadOnlyList<SlowPartition> slow, IReadOnlySet<string> filling)
    {
        json.WriteStartArray("waits");
        foreach (DraftWait wait in waits)
        {
            json.WriteStartObject();
            json.WriteString("reason", BillingMetrics.NameOf(wait.Reason));
            json.WriteNumber("drafts", wait.Drafts);
            WriteInstant(json, "oldest", wait.Oldest);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("partitions");
        foreach (SlowPartition partition in slow)
        {
            json.WriteStartObject();
            json.WriteNumber("partition", partition.Partition);
            WriteInstant(json, "clock", partition.Clock);
            json.WriteString("stopped", partition.Stopped);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("filling_meters");
        foreach (string meter in filling.Order(StringComparer.Ordinal))
        {
            json.WriteStringValue(meter);
        }

        json.WriteEndArray();
    }

    private async Task<Answer> PreviewAsync(BillingRequest request)
    {
        PreviewedInvoice invoice = await preview.ComputeAsync(request.Transaction, request.Route("id"), InstantOf(request, "at"), request.Aborted);
        return Answer.Json(json =>
        {
            json.WriteStartObject();
            json.WriteString("subscription", request.Route("id"));
            json.WriteString("customer", invoice.Customer);
            WriteInstant(json, "due_at", invoice.DueAt);
            json.WriteNumber("seal", invoice.Seal);
            WriteInstant(json, "sealed_upto", invoice.SealedUpto);
            json.WriteBoolean("complete", invoice.IsComplete);
            json.WritePropertyName("invoice");
            json.WriteRawValue(InvoiceJson.Bytes(invoice.Invoice));
            json.WriteEndObject();
        });
    }

    private async Task<Answer> FinalizeAsync(BillingRequest request)
    {
        JsonElement body = request.Body();
        string? reason = body.ValueKind == JsonValueKind.Object && body.TryGetProperty("reason", out JsonElement text) && text.ValueKind == JsonValueKind.String ? text.GetString() : null;
        if (string.IsNullOrWhiteSpace(reason) || reason.Length > MaxReason)
        {
            throw RefusedException.Invalid([new Problem("reason", $"is required, at most {MaxReason} characters: the invoice shows why it was finalised before its usage was complete")]);
        }

        RunTally tally = await run.RunIncompleteAsync(request.Transaction, request.Route("id"), reason, request.Aborted);
        return tally.Subscriptions == 0 ? throw RefusedException.NotFound($"There is no subscription '{request.Route("id")}'.")
            : tally.Invoices == 0 ? throw RefusedException.Conflict(tally.Waiting > 0 ? "Its usage has no price; see its draft." : "Nothing is due of it.")
            : Answer.Json(json =>
            {
                json.WriteStartObject();
                json.WriteNumber("invoices", tally.Invoices);
                json.WriteEndObject();
            });
    }

    private static DateTimeOffset? InstantOf(BillingRequest request, string name) => request.Query(name) is not { } text ? null
        : DateTimeOffset.TryParseExact(text, "yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset at) && at.Second == 0 ? at
        : throw RefusedException.BadRequest($"{name} must be a whole minute in UTC such as 2026-01-01T00:00:00Z.");

    private static void WriteInstant(Utf8JsonWriter json, string name, DateTimeOffset? at) =>
        json.WriteString(name, at?.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture));
}
