using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Metering.Query.Http;

/// <summary>A JSON body read whole, within a limit.</summary>
internal static class RequestBody
{
    private static readonly JsonDocumentOptions s_options = new() { MaxDepth = 32 };

    /// <exception cref="RefusedException">Too long, or no JSON.</exception>
    public static async Task<JsonDocument> ReadAsync(HttpContext context, int maxBytes, CancellationToken cancellationToken)
    {
        if (context.Request.ContentLength > maxBytes)
        {
            throw new RefusedException(StatusCodes.Status413PayloadTooLarge, $"The body is larger than {maxBytes} bytes.");
        }

        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
        {
            limit.MaxRequestBodySize = maxBytes;
        }

        try
        {
            return await JsonDocument.ParseAsync(context.Request.Body, s_options, cancellationToken);
        }
        catch (JsonException malformed)
        {
            throw RefusedException.BadRequest($"The body is not valid JSON: {malformed.Message}");
        }
    }
}
