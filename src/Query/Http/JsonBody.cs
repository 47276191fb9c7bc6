using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http;

namespace Metering.Query.Http;

/// <summary>An answer written by hand, because it holds exact numbers or JSON that is passed on as it was sent.</summary>
internal sealed class JsonBody(Action<Utf8JsonWriter> write) : IResult
{
    private const string ContentType = "application/json";

    private static readonly JsonWriterOptions s_options = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static JsonBody Of<T>(T value, JsonTypeInfo<T> type) => new(json => JsonSerializer.Serialize(json, value, type));

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        HttpResponse response = httpContext.Response;
        response.StatusCode = StatusCodes.Status200OK;
        response.ContentType = ContentType;
        await using (Utf8JsonWriter json = new(response.BodyWriter, s_options))
        {
            write(json);
        }

        await response.BodyWriter.FlushAsync(httpContext.RequestAborted);
    }
}
