using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Scalar.AspNetCore;

namespace Metering.BillingCore.Http;

/// <summary><c>/openapi.json</c>, written by hand and held to the routes by a test, and a page to browse it at <c>/docs</c>.</summary>
internal static class OpenApi
{
    private const string Document = "/openapi.json";

    public static void Map(IEndpointRouteBuilder routes)
    {
        using Stream resource = typeof(OpenApi).Assembly.GetManifestResourceStream("openapi.json")!;
        using MemoryStream copy = new();
        resource.CopyTo(copy);
        byte[] document = copy.ToArray();
        routes.MapGet(Document, (RequestDelegate)(context =>
        {
            context.Response.ContentType = "application/json";
            return context.Response.Body.WriteAsync(document, context.RequestAborted).AsTask();
        }));
        routes.MapScalarApiReference("/docs", options => options.WithOpenApiRoutePattern(Document).WithTitle("Metering"));
    }
}
