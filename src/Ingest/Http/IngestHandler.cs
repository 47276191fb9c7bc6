using Metering.Contracts;
using Metering.Ingest.Authentication;
using Metering.Ingest.Parsing;
using Metering.Ingest.Publishing;
using Metering.Ingest.Telemetry;
using Metering.Ingest.Validation;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Metering.Ingest.Http;

/// <summary>One HTTP request: who, what, read, parse, publish, answer. Every way out has an answer that says what to do.</summary>
internal sealed class IngestHandler(
    Authenticator authenticator,
    BodyReader reader,
    InFlightBytes inFlight,
    IngestBatchPool batches,
    Publisher publisher,
    IngestMetrics metrics,
    IOptions<IngestOptions> options,
    TimeProvider time,
    ILogger<IngestHandler> log)
{
    private static readonly Problem s_notStored =
        new(Codes.NotStored, "not every event could be stored; send the whole batch again: an event that was stored is counted once");
    private static readonly Problem s_nothingAccepted = new(Codes.NothingAccepted, "no event of the batch was accepted");
    private static readonly Problem s_internal = new(Codes.Internal, string.Empty);

    private readonly int _maxBodyBytes = options.Value.MaxBodyBytes;

    public async Task HandleAsync(HttpContext http, IngestRoute route)
    {
        try
        {
            await ProcessAsync(http, route).ConfigureAwait(false);
        }
        catch (BadHttpRequestException error)
        {
            string code = error.StatusCode == StatusCodes.Status413PayloadTooLarge ? Codes.BodyTooLarge : Codes.BadRequest;
            await FailAsync(http, route, error.StatusCode, new Problem(code, error.Message)).ConfigureAwait(false);
        }
        catch (Exception) when (http.RequestAborted.IsCancellationRequested)
        {
            log.RequestAborted(http.TraceIdentifier);
        }
#pragma warning disable CA1031 // The edge of the request: whatever it is becomes an answer and a log entry.
        catch (Exception error)
#pragma warning restore CA1031
        {
            log.RequestFailed(error, http.TraceIdentifier);
            await FailAsync(http, route, StatusCodes.Status500InternalServerError, s_internal).ConfigureAwait(false);
        }
    }

    private static Task FailAsync(HttpContext http, IngestRoute route, int status, in Problem problem)
    {
        if (http.Response.HasStarted)
        {
            http.Abort();
            return Task.CompletedTask;
        }

        return Responses.WriteProblemAsync(http, status, problem, [], route.IsOpenMeter);
    }

    private async Task ProcessAsync(HttpContext http, IngestRoute route)
    {
        AuthenticationResult who = await authenticator.AuthenticateAsync(http.Request.Headers, http.RequestAborted).ConfigureAwait(false);
        if (who.Tenant is null)
        {
            await RefuseAsync(http, route, who.Problem).ConfigureAwait(false);
            return;
        }

        bool binary = route == IngestRoute.Events && BinaryModeEvent.Is(http.Request);
        BodyShape shape = BodyShape.Single;
        Problem problem = binary ? Problem.None : ContentTypes.Read(http.Request, route, out shape);
        if (!problem.IsNone)
        {
            await RefuseAsync(http, route, problem).ConfigureAwait(false);
            return;
        }

        using InFlightBytes.Reservation reservation = inFlight.Reserve();
        using BodyBuffer body = new(reservation);
        problem = await ReadBodyAsync(http, binary, body).ConfigureAwait(false);
        if (!problem.IsNone)
        {
            await RefuseAsync(http, route, problem).ConfigureAwait(false);
            return;
        }

        await TakeAsync(http, route, shape, who.Tenant, body, reservation).ConfigureAwait(false);
    }

    private async ValueTask<Problem> ReadBodyAsync(HttpContext http, bool binary, BodyBuffer body)
    {
        // The server's own limit is another one than ours, and must not answer first.
        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
        {
            limit.MaxRequestBodySize = _maxBodyBytes;
        }

        BodyEncoding encoding = BodyEncodings.Of(http.Request.Headers.ContentEncoding);
        if (!binary)
        {
            return await reader.ReadAsync(http.Request.BodyReader, encoding, body, http.RequestAborted).ConfigureAwait(false);
        }

        using InFlightBytes.Reservation reservation = inFlight.Reserve();
        using BodyBuffer data = new(reservation);
        Problem problem = await reader.ReadAsync(http.Request.BodyReader, encoding, data, http.RequestAborted).ConfigureAwait(false);
        return problem.IsNone ? BinaryModeEvent.Write(http.Request.Headers, data.Written, body) : problem;
    }

    private async Task TakeAsync(
        HttpContext http, IngestRoute route, BodyShape shape, Tenant tenant, BodyBuffer body, InFlightBytes.Reservation reservation)
    {
        IngestBatch batch = batches.Rent();
        bool reusable = false;
        try
        {
            BatchContext context = new(tenant.Utf8, time.GetUtcNow().UtcTicks, publisher.PartitionCount, route.Form);
            Problem problem = Parse(batch, route, shape, body, context);
            if (!problem.IsNone)
            {
                reusable = true;
                metrics.Invalid(1);
                await RefuseAsync(http, route, problem).ConfigureAwait(false);
                return;
            }

            // From here on the records are all that is needed.
            body.Dispose();
            reservation.Set(batch.Records.ByteCount);
            PublishOutcome outcome = await publisher.PublishAsync(batch).ConfigureAwait(false);
            reusable = outcome != PublishOutcome.InDoubt;
            Count(batch, outcome);
            log.BatchTaken(tenant.Name, batch.Accepted, batch.Rejections.Count);
            await AnswerAsync(http, route, batch, outcome).ConfigureAwait(false);
        }
        finally
        {
            if (reusable)
            {
                batches.Return(batch);
            }
        }
    }

    private Problem Parse(IngestBatch batch, IngestRoute route, BodyShape shape, BodyBuffer body, in BatchContext context)
    {
        ReadOnlySpan<byte> text = body.Written.Span;
        Problem problem = route.Kind == RecordKind.Use
            ? batch.ParseEvents(text, shape, context)
            : batch.ParseCorrections(text, route.Kind, context);
        if (!problem.IsNone)
        {
            return problem;
        }

        metrics.Request(body.Length, batch.Accepted + batch.Rejections.Count);
        if (route.IsOpenMeter && batch.Rejections.Count > 0)
        {
            batch.DropAccepted();
        }

        batch.AddRejections(text, context);
        return Problem.None;
    }

    private void Count(IngestBatch batch, PublishOutcome outcome)
    {
        int stored = outcome switch
        {
            PublishOutcome.Stored => batch.Accepted,
            PublishOutcome.NotStored => batch.CountStored(),
            PublishOutcome.InDoubt => 0,
        };
        metrics.Accepted(stored);
        metrics.Failed(batch.Accepted - stored);
        metrics.Invalid(batch.Rejections.Count);
    }

    private static Task AnswerAsync(HttpContext http, IngestRoute route, IngestBatch batch, PublishOutcome outcome)
    {
        List<Rejection> rejections = batch.Rejections;
        if (route.IsOpenMeter && rejections.Count > 0)
        {
            return Responses.WriteProblemAsync(http, StatusCodes.Status400BadRequest, InvalidEvent(rejections), rejections, isOpenMeter: true);
        }

        // With nothing accepted there is nothing the log could have lost but dead letters, and those are best effort.
        if (batch.Accepted == 0)
        {
            return Responses.WriteProblemAsync(http, StatusCodes.Status400BadRequest, s_nothingAccepted, rejections, isOpenMeter: false);
        }

        if (outcome != PublishOutcome.Stored)
        {
            return Responses.WriteProblemAsync(http, StatusCodes.Status503ServiceUnavailable, s_notStored, rejections, route.IsOpenMeter);
        }

        if (route.IsOpenMeter)
        {
            http.Response.StatusCode = StatusCodes.Status204NoContent;
            return Task.CompletedTask;
        }

        return Responses.WriteAcceptedAsync(http, batch.Accepted, rejections);
    }

    /// <summary>The first refused event, in OpenMeter's words.</summary>
    private static Problem InvalidEvent(List<Rejection> rejections)
    {
        Rejection first = rejections[0];
        string id = first.Id is null ? string.Empty : $" (id \"{first.Id}\")";
        string more = rejections.Count == 1 ? string.Empty : $", and {rejections.Count - 1} more";
        return new Problem(first.Problem.Code, $"invalid event: event {first.Index}{id}: {first.Problem.Message}{more}; nothing was stored");
    }

    private Task RefuseAsync(HttpContext http, IngestRoute route, in Problem problem)
    {
        if (problem.Code == Codes.Overloaded)
        {
            metrics.Throttled();
        }

        return Responses.WriteProblemAsync(http, ProblemStatus.Of(problem.Code, route.IsOpenMeter), problem, [], route.IsOpenMeter);
    }
}
