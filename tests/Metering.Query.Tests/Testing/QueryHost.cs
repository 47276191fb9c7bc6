using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Metering.Query.Http;
using Metering.Storage.Postgres;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Metering.Query.Tests.Testing;

/// <summary>The query side over real HTTP, for one tenant that nobody else uses.</summary>
internal sealed class QueryHost : IAsyncDisposable
{
    private readonly WebApplication _app;

    private QueryHost(WebApplication app, string tenant)
    {
        _app = app;
        Tenant = tenant;
        Client = new HttpClient { BaseAddress = new Uri(app.Urls.First()) };
        Client.DefaultRequestHeaders.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
        Client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", tenant);
    }

    public string Tenant { get; }

    public HttpClient Client { get; }

    public static Task<QueryHost> StartAsync(Engines engines, params (string Key, string Value)[] settings) => StartAsync(engines, engines.Postgres, settings);

    /// <param name="postgres">Instead of the one that all tests share.</param>
    public static async Task<QueryHost> StartAsync(Engines engines, PostgresDatabase postgres, params (string Key, string Value)[] settings)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        builder.Configuration.AddInMemoryCollection(settings.ToDictionary(setting => $"Query:{setting.Key}", setting => (string?)setting.Value));
        builder.Services.AddRoutingCore().AddLogging(logging => logging.AddProvider(new TestOutputLogging()));
        builder.Services.AddSingleton(postgres).AddSingleton(engines.ClickHouse).AddSingleton(TimeProvider.System);
        builder.Services.AddSingleton<ITenantResolver, BearerIsTenant>();
        builder.Services.AddQuery();
        WebApplication app = builder.Build();
        app.UseRouting();
        app.MapQuery();
        await app.StartAsync();
        return new QueryHost(app, $"t_{RandomNumberGenerator.GetHexString(12, lowercase: true)}");
    }

    public async Task<(int Status, JsonElement Body, HttpResponseMessage Response)> SendAsync(string method, string path, string? body = null)
    {
        using HttpRequestMessage request = new(new HttpMethod(method), path);
        if (body is not null)
        {
            request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        }

        HttpResponseMessage response = await Client.SendAsync(request);
        string text = await response.Content.ReadAsStringAsync();
        JsonElement json = text.Length > 0 ? JsonDocument.Parse(text).RootElement : default;
        return ((int)response.StatusCode, json, response);
    }

    public async Task<JsonElement> GetAsync(string path)
    {
        (int status, JsonElement body, _) = await SendAsync("GET", path);
        return status == 200 ? body : throw new InvalidOperationException($"{path}: {status} {body}");
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.DisposeAsync();
    }

    /// <summary>The tests' stand-in for ingest's keys.</summary>
    private sealed class BearerIsTenant : ITenantResolver
    {
        public ValueTask<string?> ResolveAsync(HttpContext context) =>
            ValueTask.FromResult(AuthenticationHeaderValue.TryParse(context.Request.Headers.Authorization, out AuthenticationHeaderValue? header) ? header.Parameter : null);
    }

    private sealed class TestOutputLogging : ILoggerProvider, ILogger
    {
        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Console.Error.WriteLine($"{formatter(state, exception)} {exception}");

        public void Dispose()
        {
        }
    }
}
