using System.Globalization;
using System.Text.Json;
using Metering.Billing.Postgres.Runs;
using Metering.BillingCore.Catalog;
using Metering.BillingCore.Http;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Metering.BillingCore.Runs;

/// <summary>Corrections: what was found, and whether history that would change what is billed shall count.</summary>
internal sealed class CorrectionEndpoints(CorrectionRunner runner, TimeProvider time)
{
    public void Map(IEndpointRouteBuilder routes, BillingEdge edge)
    {
        edge.Map(routes, HttpMethods.Get, "/v1/corrections", ListAsync);
        edge.Map(routes, HttpMethods.Post, "/v1/corrections/{id}/approve", request => DecideAsync(request, isApproved: true));
        edge.Map(routes, HttpMethods.Post, "/v1/corrections/{id}/reject", request => DecideAsync(request, isApproved: false));
        edge.MapOutside(routes, HttpMethods.Post, "/v1/correction-runs", RunAsync);
    }

    private static async Task<Answer> ListAsync(BillingRequest request)
    {
        CorrectionState? state = request.Query("state") is not { } text ? null
            : Enum.TryParse(text, ignoreCase: true, out CorrectionState known) ? known
            : throw RefusedException.BadRequest("state must be pending, done or rejected.");
        IReadOnlyList<CorrectionRow> rows = await CorrectionStore.ListAsync(request.Transaction, state, Before(request), request.PageSize, request.Aborted);
        return Page.Of(rows, request.PageSize, Write, row => string.Create(CultureInfo.InvariantCulture, $"{row.RecordedAt.UtcTicks}/{row.Id}"));
    }

    private static (DateTimeOffset At, string Id)? Before(BillingRequest request)
    {
        if (request.Cursor?.Split('/') is not { } parts)
        {
            return null;
        }

        return parts is [var ticks, var id] && long.TryParse(ticks, NumberStyles.None, CultureInfo.InvariantCulture, out long at) && at <= DateTime.MaxValue.Ticks
            ? (new DateTimeOffset(at, TimeSpan.Zero), id)
            : throw RefusedException.BadRequest("cursor is not one that this endpoint gave out.");
    }

    private static async Task<Answer> DecideAsync(BillingRequest request, bool isApproved)
    {
        CorrectionRow found = await CorrectionStore.HoldAsync(request.Transaction, request.Route("id"), request.Aborted)
            ?? throw RefusedException.NotFound($"There is no correction '{request.Route("id")}'.");
        if (found.State != CorrectionState.Pending)
        {
            throw RefusedException.Conflict($"Correction {found.Id} is {found.State.ToString().ToLowerInvariant()} already.");
        }

        if (isApproved)
        {
            await CorrectionStore.ApproveAsync(request.Transaction, found, "api", request.Now, request.Aborted);
            await DirtyPeriods.MarkAsync(request.Transaction, found.Subscription, found.Period.Start, found.Period.End, found.Seal, request.Now, request.Aborted);
        }
        else
        {
            await CorrectionStore.RejectAsync(request.Transaction, found.Id, "api", request.Now, request.Aborted);
        }

        CorrectionRow decided = (await CorrectionStore.HoldAsync(request.Transaction, found.Id, request.Aborted))!;
        return Answer.Json(json => Write(json, decided));
    }

    /// <summary>A run that is asked for corrects what today's has corrected already and that changed since.</summary>
    private async Task<Answer> RunAsync(HttpContext context, string tenant, byte[] body)
    {
        await runner.FollowAsync(context.RequestAborted);
        string run = string.Create(CultureInfo.InvariantCulture, $"asked:{time.GetUtcNow().UtcDateTime:yyyy-MM-dd'T'HH:mm:ss.fff}");
        CorrectionTally tally = await runner.RunAsync(tenant, run, context.RequestAborted);
        return Answer.Json(json =>
        {
            json.WriteStartObject();
            json.WriteNumber("corrected", tally.Corrected);
            json.WriteStartArray("failed");
            foreach (string subscription in tally.Failed)
            {
                json.WriteStringValue(subscription);
            }

            json.WriteEndArray();
            json.WriteEndObject();
        });
    }

    private static void Write(Utf8JsonWriter json, CorrectionRow row)
    {
        json.WriteStartObject();
        json.WriteString("id", row.Id);
        json.WriteString("subscription", row.Subscription);
        json.WriteStartArray("period");
        json.WriteStringValue(Text(row.Period.Start));
        json.WriteStringValue(Text(row.Period.End));
        json.WriteEndArray();
        json.WriteString("run", row.Run);
        json.WriteString("state", row.State.ToString().ToLowerInvariant());
        json.WriteString("outcome", row.Outcome?.ToString().ToLowerInvariant());
        json.WriteNumber("seal", row.Seal);
        json.WriteNumber("approved_history_seal", row.HistorySeal);
        json.WriteString("net", row.Net.ToString());
        json.WriteString("currency", row.Net.Currency.Code);
        json.WritePropertyName("changes");
        json.WriteRawValue(row.Body);
        json.WriteString("recorded_at", Text(row.RecordedAt));
        json.WriteString("decided_by", row.DecidedBy);
        json.WriteString("decided_at", row.DecidedAt is { } at ? Text(at) : null);
        json.WriteEndObject();
    }

    private static string Text(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFF'Z'", CultureInfo.InvariantCulture);
}
