using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Metering.BillingCore.Http;
using Metering.Storage.ClickHouse;
using Metering.Storage.Postgres;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Metering.BillingCore.Tests.Testing;

/// <summary>The billing role over real HTTP, for one tenant that nobody else uses.</summary>
internal sealed class BillingHost : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly PostgresDatabase _postgres;

    private BillingHost(WebApplication app, PostgresDatabase postgres)
    {
        _app = app;
        _postgres = postgres;
        Client = new HttpClient { BaseAddress = new Uri(app.Urls.First()) };
        Client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Tenant);
    }

    public string Tenant { get; } = $"t_{RandomNumberGenerator.GetHexString(12, lowercase: true)}";

    public HttpClient Client { get; }

    public IEnumerable<RouteEndpoint> Routes => _app.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>();

    /// <param name="settings">Of the section Billing.</param>
    public static Task<BillingHost> StartAsync(Engines engines, params (string Key, string Value)[] settings) => StartAsync(engines, engines.ClickHouse, settings);

    /// <param name="clickHouse">Instead of the one that all tests share.</param>
    public static Task<BillingHost> StartAsync(Engines engines, ClickHouseDatabase clickHouse, params (string Key, string Value)[] settings) =>
        StartAsync(engines, clickHouse, engines.Postgres, TimeProvider.System, settings);

    /// <param name="postgres">Instead of the one that all tests share.</param>
    /// <param name="time">What the clock shows.</param>
    public static Task<BillingHost> StartAsync(Engines engines, PostgresDatabase postgres, TimeProvider time) => StartAsync(engines, engines.ClickHouse, postgres, time, []);

    /// <param name="settings">Of the section Billing.</param>
    /// <param name="change">Services that a test has otherwise.</param>
    public static async Task<BillingHost> StartAsync(
        Engines engines, ClickHouseDatabase clickHouse, PostgresDatabase postgres, TimeProvider time, (string Key, string Value)[] settings, Action<IServiceCollection>? change = null)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        builder.Configuration.AddInMemoryCollection(settings.ToDictionary(setting => $"Billing:{setting.Key}", setting => (string?)setting.Value));
        builder.Services.AddRoutingCore().AddLogging();
        builder.Services.AddSingleton(postgres).AddSingleton(clickHouse).AddSingleton(time);
        builder.Services.AddSingleton<ITenantResolver, BearerIsTenant>();
        builder.Services.AddBilling();
        change?.Invoke(builder.Services);
        WebApplication app = builder.Build();
        app.UseRouting();
        app.MapBilling();
        await app.StartAsync();
        return new BillingHost(app, postgres);
    }

    public IServiceProvider Services => _app.Services;

    public async Task CreateMeterAsync(string slug, string aggregation = "SUM", string groupBy = """{"model":"$.model"}""")
    {
        await using NpgsqlCommand command = _postgres.Source.CreateCommand(
            $"insert into meter (id, tenant, slug, aggregation, event_type, group_by, created_at, updated_at) values ('{Tenant}-{slug}', '{Tenant}', '{slug}', '{aggregation}', 'request', '{groupBy}', now(), now())");
        await command.ExecuteNonQueryAsync();
    }

    public async Task<Answered> SendAsync(string method, string path, string? body = null, params (string Name, string Value)[] headers)
    {
        using HttpRequestMessage request = new(new HttpMethod(method), path);
        if (body is not null)
        {
            request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        }

        foreach ((string name, string value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        using HttpResponseMessage response = await Client.SendAsync(request);
        string text = await response.Content.ReadAsStringAsync();
        return new Answered((int)response.StatusCode, text, response.Headers.ETag?.Tag, response.Headers.Location?.OriginalString);
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.DisposeAsync();
    }

    /// <summary>The tests' stand-in for keys.</summary>
    private sealed class BearerIsTenant : ITenantResolver
    {
        public ValueTask<string?> ResolveAsync(HttpContext context) =>
            ValueTask.FromResult(AuthenticationHeaderValue.TryParse(context.Request.Headers.Authorization, out AuthenticationHeaderValue? header) ? header.Parameter : null);
    }
}

internal sealed record Answered(int Status, string Text, string? ETag, string? Location)
{
    public JsonElement Json => JsonDocument.Parse(Text).RootElement;

    /// <summary>Path and reason of each field that was refused.</summary>
    public IEnumerable<string> Errors => Json.GetProperty("errors").EnumerateArray().Select(error => $"{error.GetProperty("path").GetString()}: {error.GetProperty("reason").GetString()}");
}
