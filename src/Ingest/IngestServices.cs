using Grpc.AspNetCore.Server;
using Metering.Ingest.Authentication;
using Metering.Ingest.Grpc;
using Metering.Ingest.Http;
using Metering.Ingest.Parsing;
using Metering.Ingest.Publishing;
using Metering.Ingest.Telemetry;
using Metering.Ingest.Validation;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;

namespace Metering.Ingest;

public static class IngestServices
{
    /// <summary>The service that health clients ask for.</summary>
    public const string HealthService = "metering.v1.UsageIngest";

    // The message around the events: lengths, sequence, the frames' own bytes.
    private const int GrpcOverheadBytes = 64 * 1024;

    /// <summary>
    /// Adds ingestion. The composition root also registers the open topic as a keyed singleton <c>ITopic</c> with the key
    /// <c>Topics.UsageEvents</c>, and an <c>IApiKeys</c>.
    /// </summary>
    public static IServiceCollection AddIngest(this IServiceCollection services, Action<IngestOptions> configure)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.AddMetrics();
        services.AddOptions<IngestOptions>().Configure(configure).ValidateOnStart();
        services.AddSingleton<IValidateOptions<IngestOptions>, IngestOptionsValidator>();
        services.AddSingleton<IValidateOptions<IngestOptions>, IngestOptionsRules>();
        AddPipeline(services);
        AddGrpc(services);
        return services;
    }

    private static void AddPipeline(IServiceCollection services)
    {
        services.AddSingleton(provider => new EventRules(OptionsOf(provider)));
        services.AddSingleton(provider => new BodyReader(OptionsOf(provider)));
        services.AddSingleton(provider => new InFlightBytes(OptionsOf(provider).MaxInFlightBytes));
        services.AddSingleton<IngestBatchPool>();
        services.AddSingleton<IngestMetrics>();
        services.AddSingleton<Authenticator>();
        services.AddSingleton<Publisher>();
        services.AddSingleton<IngestHandler>();
        services.AddSingleton<MessageIntake>();
    }

    private static void AddGrpc(IServiceCollection services)
    {
        services.AddGrpc().AddServiceOptions<UsageIngestService>(_ => { });
        services.AddSingleton<IConfigureOptions<GrpcServiceOptions<UsageIngestService>>>(provider =>
            new ConfigureOptions<GrpcServiceOptions<UsageIngestService>>(
                grpc => grpc.MaxReceiveMessageSize = OptionsOf(provider).MaxBodyBytes + GrpcOverheadBytes));
        services.AddGrpcReflection();
        services.AddGrpcHealthChecks(health => health.Services.Map(HealthService, check => check.Tags.Contains(HealthService)));
        services.AddHealthChecks().AddCheck("ingest", () => HealthCheckResult.Healthy(), [HealthService]);
    }

    private static IngestOptions OptionsOf(IServiceProvider provider) => provider.GetRequiredService<IOptions<IngestOptions>>().Value;
}
