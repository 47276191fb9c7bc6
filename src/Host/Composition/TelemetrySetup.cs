using Metering.Aggregator.Telemetry;
using Metering.Host.Settings;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Metering.Host.Composition;

/// <summary>Metrics and traces by OpenTelemetry: a Prometheus endpoint always, OTLP when an endpoint is set.</summary>
internal static class TelemetrySetup
{
    public static void Add(IServiceCollection services, MeteringSettings settings)
    {
        OpenTelemetry.OpenTelemetryBuilder telemetry = services.AddOpenTelemetry().ConfigureResource(resource => resource.AddService("metering"));
        telemetry.WithMetrics(metrics =>
        {
            metrics.AddMeter(AggregatorMetrics.MeterName, "Metering.*", "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel", "Npgsql")
                .AddRuntimeInstrumentation()
                .AddPrometheusExporter();
            if (settings.Otlp is not null)
            {
                metrics.AddOtlpExporter(otlp => otlp.Endpoint = new Uri(settings.Otlp));
            }
        });
        if (settings.Otlp is not null)
        {
            telemetry.WithTracing(traces => traces.AddSource("Metering.*").AddSource("Npgsql").AddAspNetCoreInstrumentation().AddOtlpExporter(otlp => otlp.Endpoint = new Uri(settings.Otlp)));
        }
    }
}
