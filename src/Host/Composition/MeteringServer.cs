using System.Net.Sockets;
using Metering.Aggregator;
using Metering.Aggregator.Http;
using Metering.BillingCore;
using Metering.Contracts;
using Metering.Host.Settings;
using Metering.Ingest;
using Metering.Query;
using Metering.Query.Http;
using Metering.Storage.Postgres.ApiKeys;
using Metering.Storage.Postgres.Generations;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Http.Features;

namespace Metering.Host.Composition;

/// <summary>One running process of the product: its stores, its roles, its endpoints.</summary>
internal sealed class MeteringServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly Engines _engines;

    private MeteringServer(WebApplication app, Engines engines, MeteringSettings settings)
    {
        _app = app;
        _engines = engines;
        Settings = settings;
    }

    public MeteringSettings Settings { get; }

    public IServiceProvider Services => _app.Services;

    /// <summary>Where HTTP is served: <c>http://127.0.0.1:8888</c>.</summary>
    public string HttpAddress => Addresses()[0];

    public string GrpcAddress => Addresses()[1];

    public string ClickHouseAddress => _engines.ClickHouseAddress;

    public string PostgresAddress => _engines.PostgresAddress;

    /// <param name="configuration">From file, environment and command line; sections Ingest, Aggregator, Query, Billing, EventLog and Kafka beside the settings.</param>
    public static async Task<MeteringServer> StartAsync(
        MeteringSettings settings, Roles roles, IConfiguration configuration, CancellationToken cancellationToken)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ApplicationName = "metering" });
        builder.Configuration.AddConfiguration(configuration);
        LoggingSetup.Configure(builder.Logging, configuration);
        CheckFree("http", settings.Http);
        CheckFree("grpc", settings.Grpc);
        using ILoggerFactory startLoggers = LoggerFactory.Create(logging => LoggingSetup.Configure(logging, configuration));
        Engines engines = await Engines.StartAsync(settings, roles, configuration, startLoggers, TimeProvider.System, cancellationToken);
        try
        {
            Configure(builder, settings, roles, configuration, engines);
            WebApplication app = builder.Build();
            Map(app, roles);
            await app.StartAsync(cancellationToken);
            return new MeteringServer(app, engines, settings);
        }
        catch
        {
            await engines.DisposeAsync();
            throw;
        }
    }

    /// <summary>Whether it has stopped because the log has grown, and has to be started anew on the newer generation.</summary>
    public bool IsOutgrown => _app.Services.GetService<GenerationWatch>() is { IsOutgrown: true };

    /// <summary>Returns when the process was asked to stop and everything has drained, or the log has grown.</summary>
    public async Task WaitForShutdownAsync(CancellationToken cancellationToken) => await _app.WaitForShutdownAsync(cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync(CancellationToken.None);
        await _app.DisposeAsync();
        await _engines.DisposeAsync();
    }

    private static void Configure(WebApplicationBuilder builder, MeteringSettings settings, Roles roles, IConfiguration configuration, Engines engines)
    {
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => Listen(kestrel, settings));
        builder.Services.AddRoutingCore();
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(30));
        builder.Services
            .AddSingleton(settings)
            .AddSingleton(TimeProvider.System)
            .AddSingleton(engines.Postgres)
            .AddSingleton(_ => engines.Postgres.Source);
        if (engines.ClickHouse is { } clickHouse)
        {
            builder.Services.AddSingleton(clickHouse);
        }

        if (engines.UsageLog is { } log)
        {
            builder.Services.AddKeyedSingleton(Topics.UsageEvents, log.Topic).AddSingleton(log.Generation).AddSingleton<LogGenerations>();
            builder.Services.AddSingleton<GenerationWatch>().AddHostedService(services => services.GetRequiredService<GenerationWatch>());
        }

        HealthSetup.Add(builder.Services, roles);
        TelemetrySetup.Add(builder.Services, settings);

        builder.Services.AddApiKeys();
        if (roles.HasFlag(Roles.Ingest))
        {
            builder.Services.AddIngest(ingest =>
            {
                configuration.GetSection("Ingest").Bind(ingest);
                ingest.RequireApiKey = settings.RequireApiKey;
            });
        }

        if (roles.HasFlag(Roles.Query))
        {
            builder.Services.AddSingleton<ITenantResolver, KeyTenantResolver>();
            builder.Services.AddQuery();
        }

        if (roles.HasFlag(Roles.Billing))
        {
            builder.Services.AddSingleton<BillingCore.Http.ITenantResolver, KeyTenantResolver>();
            builder.Services.AddKeyedSingleton(Topics.BillingEvents, engines.BillingTopic!);
            builder.Services.AddBilling().AddBillingJobs();
        }

        if (roles.HasFlag(Roles.Aggregator))
        {
            AggregatorOptions options = new() { CacheDirectory = Path.Combine(settings.Data, "dedup") };
            configuration.GetSection("Aggregator").Bind(options);
            builder.Services.AddAggregator(engines.UsageLog!, options);
        }
    }

    private static void Map(WebApplication app, Roles roles)
    {
        HealthSetup.Map(app);
        app.MapPrometheusScrapingEndpoint("/metrics");
        if (roles.HasFlag(Roles.Ingest))
        {
            app.MapIngest();
        }

        if (roles.HasFlag(Roles.Query))
        {
            app.MapQuery();
        }

        if (roles.HasFlag(Roles.Billing))
        {
            app.MapBilling();
        }

        if (roles.HasFlag(Roles.Aggregator))
        {
            app.MapAudit();
        }
    }

    /// <summary>A taken port is said before any engine starts, and in one sentence.</summary>
    private static void CheckFree(string name, string address)
    {
        using TcpListener probe = new(MeteringSettings.Address(name, address));
        try
        {
            probe.Start();
        }
        catch (SocketException exception)
        {
            throw new SettingsException($"--{name} {address}: {exception.Message}. Stop what listens there, or choose another address (port 0 picks a free one).");
        }
    }

    private static void Listen(KestrelServerOptions kestrel, MeteringSettings settings)
    {
        // The body limit is ingestion's own, which answers in its own words.
        kestrel.Limits.MaxRequestBodySize = null;
        kestrel.AddServerHeader = false;
        kestrel.Listen(MeteringSettings.Address("http", settings.Http), listen => listen.Protocols = HttpProtocols.Http1);
        kestrel.Listen(MeteringSettings.Address("grpc", settings.Grpc), listen => listen.Protocols = HttpProtocols.Http2);
    }

    private string[] Addresses() => [.. _app.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses];
}
