using System.IO.Pipelines;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Metering.LoadGenerator.Discarding;

/// <summary>What the web server itself costs: the same endpoints, the bodies read to their end, nothing done with them.</summary>
internal static class DiscardServer
{
    private static readonly byte[] s_answer = "{\"accepted\":1000,\"rejected\":[]}"u8.ToArray();

    public static async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Listen(System.Net.IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http1);
            kestrel.Listen(System.Net.IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2);
        });
        builder.Services.AddGrpc();
        await using WebApplication app = builder.Build();
        app.MapPost("/v1/events", DiscardAsync);
        app.MapGrpcService<DiscardIngest>();
        await app.StartAsync(cancellationToken);
        Console.WriteLine($"discarding: {string.Join(' ', app.Urls)}");
        await app.WaitForShutdownAsync(cancellationToken);
        return 0;
    }

    private static async Task DiscardAsync(HttpContext http)
    {
        ReadResult result;
        do
        {
            result = await http.Request.BodyReader.ReadAsync(http.RequestAborted);
            http.Request.BodyReader.AdvanceTo(result.Buffer.End);
        }
        while (!result.IsCompleted);
        http.Response.ContentType = "application/json";
        http.Response.ContentLength = s_answer.Length;
        await http.Response.BodyWriter.WriteAsync(s_answer, http.RequestAborted);
    }
}
