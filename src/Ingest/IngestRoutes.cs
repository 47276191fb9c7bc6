using Metering.Ingest.Grpc;
using Metering.Ingest.Http;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Metering.Ingest;

public static class IngestRoutes
{
    /// <summary>
    /// Maps <c>POST /api/v1/events</c>, <c>/v1/events</c>, <c>/v1/events/void</c>, <c>/v1/events/amend</c>, the gRPC service
    /// <c>metering.v1.UsageIngest</c>, its health and server reflection. gRPC needs an HTTP/2 endpoint.
    /// </summary>
    public static IEndpointRouteBuilder MapIngest(this IEndpointRouteBuilder app)
    {
        IngestHandler handler = app.ServiceProvider.GetRequiredService<IngestHandler>();
        foreach (IngestRoute route in IngestRoute.All)
        {
            app.MapPost(route.Pattern, (RequestDelegate)(http => handler.HandleAsync(http, route)));
        }

        app.MapGrpcService<UsageIngestService>();
        app.MapGrpcHealthChecksService();
        app.MapGrpcReflectionService();
        return app;
    }
}
