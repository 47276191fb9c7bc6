using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Grpc.Net.Client;
using Metering.Contracts;
using Metering.EventLog;
using Metering.Storage.Postgres.ApiKeys;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace Metering.Ingest.Tests.Support;

/// <summary>Ingestion on a real Kestrel on loopback: one port for HTTP/1.1, one for gRPC.</summary>
internal sealed class IngestServer : IAsyncDisposable
{
    public static readonly DateTimeOffset Now = new(2026, 3, 4, 5, 6, 7, TimeSpan.Zero);

    private readonly WebApplication _app;

    private IngestServer(WebApplication app, FakeTopic topic, FakeApiKeys keys)
    {
        (_app, Topic, Keys) = (app, topic, keys);
        string[] addresses = [.. app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses];
        Http = new HttpClient { BaseAddress = new Uri(addresses[0]) };
        GrpcAddress = addresses[1];
        Channel = GrpcChannel.ForAddress(GrpcAddress);
    }

    public FakeTopic Topic { get; }

    public FakeApiKeys Keys { get; }

    public HttpClient Http { get; }

    public string GrpcAddress { get; }

    public GrpcChannel Channel { get; }

    public IServiceProvider Services => _app.Services;

    public static async Task<IngestServer> StartAsync(Action<IngestOptions>? configure = null)
    {
        FakeTopic topic = new();
        FakeApiKeys keys = new();
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http1);
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2);
        });
        builder.Services.AddKeyedSingleton<ITopic>(Topics.UsageEvents, topic);
        builder.Services.AddSingleton<IApiKeys>(keys);
        builder.Services.AddSingleton<TimeProvider>(new StoppedClock());
        builder.Services.AddIngest(options =>
        {
            options.RequireApiKey = false;
            configure?.Invoke(options);
        });
        WebApplication app = builder.Build();
        app.MapIngest();
        await app.StartAsync();
        return new IngestServer(app, topic, keys);
    }

    public Task<Answer> PostAsync(string path, string body, string contentType = "application/json", Action<HttpRequestMessage>? configure = null) =>
        PostAsync(path, Encoding.UTF8.GetBytes(body), contentType, configure);

    public async Task<Answer> PostAsync(string path, byte[] body, string? contentType, Action<HttpRequestMessage>? configure = null)
    {
        using HttpRequestMessage request = new(HttpMethod.Post, path) { Content = new ByteArrayContent(body) };
        if (contentType is not null)
        {
            request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(contentType);
        }

        configure?.Invoke(request);
        using HttpResponseMessage response = await Http.SendAsync(request);
        return new Answer(
            response.StatusCode, response.Content.Headers.TryGetValues("Content-Type", out IEnumerable<string>? types) ? types.Single() : null,
            await response.Content.ReadAsStringAsync(), response.Headers.RetryAfter?.ToString(), response.Headers.WwwAuthenticate.ToString());
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        Channel.Dispose();
        await _app.StopAsync(new CancellationToken(canceled: true));
        await _app.DisposeAsync();
    }

    /// <summary>Tells a fixed time; timers run on the real clock, so that timeouts happen.</summary>
    private sealed class StoppedClock : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => Now;
    }
}

internal sealed record Answer(HttpStatusCode Status, string? ContentType, string Body, string? RetryAfter, string WwwAuthenticate)
{
    public JsonElement Json => JsonDocument.Parse(Body).RootElement;

    public string? Code => Json.TryGetProperty("extensions", out JsonElement extensions)
        ? extensions.GetProperty("code").GetString()
        : Json.GetProperty("code").GetString();
}
