using System.Diagnostics;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;

namespace Metering.Query.Http;

/// <summary>A problem body (RFC 9457) as OpenMeter's clients read it.</summary>
internal sealed class Problem(int status, string? detail) : IResult
{
    /// <summary>Exactly this: the JavaScript SDK compares the header by equality and loses the detail when a charset follows.</summary>
    private const string ContentType = "application/problem+json";

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        HttpResponse response = httpContext.Response;
        response.StatusCode = status;
        response.ContentType = ContentType;
        if (HttpMethods.IsHead(httpContext.Request.Method))
        {
            return;
        }

        await using (Utf8JsonWriter json = new(response.BodyWriter))
        {
            Write(json, httpContext);
        }

        await response.BodyWriter.FlushAsync(httpContext.RequestAborted);
    }

    private void Write(Utf8JsonWriter json, HttpContext context)
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
        json.WriteStartObject("extensions");
        json.WriteEndObject();
        json.WriteEndObject();
    }
}
