using Metering.Aggregator.Auditing;
using Metering.Aggregator.Corrections;
using Metering.Aggregator.Deduplication;
using Metering.Aggregator.Flushing;
using Metering.Aggregator.House;
using Metering.Aggregator.Meters;
using Metering.Aggregator.Partitions;
using Metering.Aggregator.Retention;
using Metering.Aggregator.Sealing;
using Metering.Aggregator.Telemetry;
using Microsoft.Extensions.DependencyInjection;

namespace Metering.Aggregator;

public static class AggregatorRegistration
{
    /// <summary>
    /// Adds the aggregator role. Expects <c>ITopic</c> (usage.events), <c>PostgresDatabase</c>, <c>ClickHouseDatabase</c> and <c>TimeProvider</c>.
    /// </summary>
    public static IServiceCollection AddAggregator(this IServiceCollection services, AggregatorOptions options)
    {
        options.Validate();
        return services
            .AddSingleton(options)
            .AddSingleton<AggregatorMetrics>()
            .AddSingleton<AggregatorStatus>()
            .AddSingleton<PartitionStore>()
            .AddSingleton<StartChecks>()
            .AddSingleton<CheckpointRepair>()
            .AddSingleton<FlushSink>()
            .AddSingleton<DeduplicatorLoader>()
            .AddSingleton<HistoryReader>()
            .AddSingleton<MeterCatalog>()
            .AddSingleton<MeterCatalogLoop>()
            .AddSingleton<MeterRanges>()
            .AddSingleton<MeterDirectory>()
            .AddSingleton<Flusher>()
            .AddSingleton<FlushLoop>()
            .AddSingleton<TickLoop>()
            .AddSingleton<LeaseLoop>()
            .AddSingleton<PartitionLoader>()
            .AddSingleton<SealStore>()
            .AddSingleton<Sealer>()
            .AddSingleton<SealLoop>()
            .AddSingleton<HouseJobStore>()
            .AddSingleton<Backfill>()
            .AddSingleton<HouseLoop>()
            .AddSingleton<RetentionLoop>()
            .AddSingleton<Auditor>()
            .AddSingleton<AuditStatus>()
            .AddHostedService<AggregatorService>()
            .AddHostedService<AuditLoop>();
    }
}
