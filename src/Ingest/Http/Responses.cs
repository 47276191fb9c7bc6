using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using Metering.Ingest.Publishing;
using Metering.Ingest.Validation;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;

namespace Metering.Ingest.Http;

/// <summary>
/// Writes the answers. Problems have exactly <c>application/problem+json</c>: OpenMeter's SDK compares the header as a string, so a charset
/// would hide the problem from it.
/// </summary>
internal static class Responses
{
    private const string ProblemType = "application/problem+json";
    private const string JsonType = "application/json";
    private const string RetryAfterSeconds = "1";

    private static readonly JsonWriterOptions s_json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    public static Task WriteAcceptedAsync(HttpContext http, int accepted, IReadOnlyList<Rejection> rejections)
    {
        ArrayBufferWriter<byte> body = new();
        using (Utf8JsonWriter json = new(body, s_json))
        {
            json.WriteStartObject();
            json.WriteNumber("accepted"u8, accepted);
            WriteRejections(json, rejections);
            json.WriteEndObject();
        }

        return SendAsync(http, StatusCodes.Status200OK, JsonType, body.WrittenMemory);
    }

    /// <param name="http">The request.</param>
    /// <param name="status">The HTTP status.</param>
    /// <param name="problem">Its message is the detail.</param>
    /// <param name="rejections">The refused events, when there are any.</param>
    /// <param name="isOpenMeter">Extension members go under <c>extensions</c>, as OpenMeter has them, instead of the top level (RFC 9457).</param>
    public static Task WriteProblemAsync(HttpContext http, int status, in Problem problem, IReadOnlyList<Rejection> rejections, bool isOpenMeter)
    {
        SetHeaders(http.Response, status);
        ArrayBufferWriter<byte> body = new();
        using (Utf8JsonWriter json = new(body, s_json))
        {
            json.WriteStartObject();
            WriteCommon(json, http, status, problem);
            if (isOpenMeter)
            {
                json.WriteStartObject("extensions"u8);
            }

            json.WriteString("code"u8, problem.Code);
            if (rejections.Count > 0)
            {
                WriteRejections(json, rejections);
            }

            if (isOpenMeter)
            {
                json.WriteEndObject();
            }

            json.WriteEndObject();
        }

        return SendAsync(http, status, ProblemType, body.WrittenMemory);
    }

    private static void WriteCommon(Utf8JsonWriter json, HttpContext http, int status, in Problem problem)
    {
        json.WriteString("type"u8, "about:blank"u8);
        json.WriteString("title"u8, ReasonPhrases.GetReasonPhrase(status));
        json.WriteNumber("status"u8, status);
        json.WriteString("detail"u8, problem.Message);
        json.WriteString("instance"u8, $"urn:request:{http.TraceIdentifier}");
    }

    private static void WriteRejections(Utf8JsonWriter json, IReadOnlyList<Rejection> rejections)
    {
        json.WriteStartArray("rejected"u8);
        foreach (Rejection rejection in rejections)
        {
            json.WriteStartObject();
            json.WriteNumber("index"u8, rejection.Index);
            json.WriteString("id"u8, rejection.Id);
            json.WriteString("code"u8, rejection.Problem.Code);
            json.WriteString("message"u8, rejection.Problem.Message);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void SetHeaders(HttpResponse response, int status)
    {
        if (status == StatusCodes.Status401Unauthorized)
        {
            response.Headers.WWWAuthenticate = "Bearer";
        }

        if (status is StatusCodes.Status429TooManyRequests or StatusCodes.Status503ServiceUnavailable)
        {
            response.Headers.RetryAfter = RetryAfterSeconds;
        }
    }

    private static Task SendAsync(HttpContext http, int status, string contentType, ReadOnlyMemory<byte> body)
    {
        http.Response.StatusCode = status;
        http.Response.Headers.ContentType = contentType;
        http.Response.Headers.ContentLength = body.Length;
        return http.Response.Body.WriteAsync(body, http.RequestAborted).AsTask();
    }
}
