using System.Buffers;
using System.Diagnostics;
using System.Text.Encodings.Web;
using System.Text.Json;
using Metering.Billing;
using Metering.Billing.Postgres.Idempotency;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;

namespace Metering.BillingCore.Http;

/// <summary>A whole answer, so that it can be stored with what the request did and given again.</summary>
internal sealed record Answer(int Status, byte[] Body, string? ETag = null, string? Location = null, string ContentType = "application/json")
{
    private static readonly JsonWriterOptions s_options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static Answer NoContent { get; } = new(StatusCodes.Status204NoContent, []);

    /// <summary>It has been written already.</summary>
    public static Answer Streamed { get; } = new(StatusCodes.Status200OK, []);

    /// <param name="write">Writes one value.</param>
    public static Answer Json(Action<Utf8JsonWriter> write, int status = StatusCodes.Status200OK, string? etag = null, string? location = null)
    {
        ArrayBufferWriter<byte> output = new();
        using (Utf8JsonWriter json = new(output, s_options))
        {
            write(json);
        }

        return new Answer(status, output.WrittenSpan.ToArray(), etag, location);
    }

    /// <summary>RFC 9457, with a list of fields that are wrong.</summary>
    public static Answer Problem(HttpContext context, int status, string? detail, IReadOnlyList<Problem>? problems = null) => Json(
        json =>
        {
            json.WriteStartObject();
            json.WriteString("type", "about:blank");
            json.WriteString("title", ReasonPhrases.GetReasonPhrase(status));
            json.WriteNumber("status", status);
            if (detail is not null)
            {
                json.WriteString("detail", detail);
            }

            json.WriteString("instance", $"urn:request:{Activity.Current?.TraceId.ToHexString() ?? context.TraceIdentifier}");
            if (problems is { Count: > 0 })
            {
                WriteProblems(json, problems);
            }

            json.WriteEndObject();
        },
        status) with { ContentType = "application/problem+json" };

    public static Answer Of(StoredAnswer stored) => new(stored.Status, stored.Body, stored.ETag, stored.Location, stored.ContentType ?? "application/json");

    public StoredAnswer ToStored() => new(Status, ContentType, Location, ETag, Body);

    public async Task WriteAsync(HttpResponse response, CancellationToken cancellationToken)
    {
        response.StatusCode = Status;
        if (ETag is not null)
        {
            response.Headers.ETag = ETag;
        }

        if (Location is not null)
        {
            response.Headers.Location = Location;
        }

        if (Body.Length > 0)
        {
            response.ContentType = ContentType;
            response.ContentLength = Body.Length;
            await response.Body.WriteAsync(Body, cancellationToken);
        }
    }

    private static void WriteProblems(Utf8JsonWriter json, IReadOnlyList<Problem> problems)
    {
        json.WriteStartArray("errors");
        foreach (Problem problem in problems)
        {
            json.WriteStartObject();
            json.WriteString("path", problem.Path);
            json.WriteString("reason", problem.Reason);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }
}
