using Metering.Aggregator.Auditing;
using Metering.Aggregator.Corrections;
using Metering.Aggregator.Deduplication;
using Metering.Aggregator.Flushing;
using Metering.Aggregator.Generations;
using Metering.Aggregator.House;
using Metering.Aggregator.Meters;
using Metering.Aggregator.Partitions;
using Metering.Aggregator.Retention;
using Metering.Aggregator.Sealing;
using Metering.Aggregator.Telemetry;
using Metering.Storage.Postgres.Generations;
using Microsoft.Extensions.DependencyInjection;

namespace Metering.Aggregator;

public static class AggregatorRegistration
{
    /// <summary>
    /// Adds the aggregator role. Expects <c>PostgresDatabase</c>, <c>ClickHouseDatabase</c> and <c>TimeProvider</c>.
    /// </summary>
    public static IServiceCollection AddAggregator(this IServiceCollection services, UsageLog log, AggregatorOptions options)
    {
        options.Validate();
        return services
            .AddSingleton(options)
            .AddSingleton(log)
            .AddSingleton(log.Generation)
            .AddSingleton(log.Numbered())
            .AddSingleton<LogGenerations>()
            .AddSingleton<IStragglers, Stragglers>()
            .AddSingleton<AggregatorMetrics>()
            .AddSingleton<AggregatorStatus>()
            .AddSingleton(services => ActivatorUtilities.CreateInstance<Retry>(services, Random.Shared))
            .AddSingleton<IPartitionStore, PartitionStore>()
            .AddSingleton<StartChecks>()
            .AddSingleton<CheckpointRepair>()
            .AddSingleton<IFlushTables, FlushTables>()
            .AddSingleton<FlushSink>()
            .AddSingleton<IAcceptedRows, AcceptedRows>()
            .AddSingleton<DeduplicatorLoader>()
            .AddSingleton<IHistoryReader, HistoryReader>()
            .AddSingleton<IMeterRevisions, MeterRevisions>()
            .AddSingleton<MeterCatalog>()
            .AddSingleton<MeterCatalogLoop>()
            .AddSingleton<IMeterRanges, MeterRanges>()
            .AddSingleton<IMeterDirectory, MeterDirectory>()
            .AddSingleton<Flusher>()
            .AddSingleton<FlushLoop>()
            .AddSingleton<TickLoop>()
            .AddSingleton<LeaseLoop>()
            .AddSingleton<PartitionLoader>()
            .AddSingleton<ISealStore, SealStore>()
            .AddSingleton<IWindowStore, WindowStore>()
            .AddSingleton<Sealer>()
            .AddSingleton<SealLoop>()
            .AddSingleton<IHouseJobStore, HouseJobStore>()
            .AddSingleton<IEffectiveEvents, EffectiveEvents>()
            .AddSingleton<Backfill>()
            .AddSingleton<HouseLoop>()
            .AddSingleton<IRetainedRows, RetainedRows>()
            .AddSingleton<RetentionLoop>()
            .AddSingleton<IAuditedStores, AuditedStores>()
            .AddSingleton<Auditor>()
            .AddSingleton<AuditStatus>()
            .AddHostedService<AggregatorService>()
            .AddHostedService<AuditLoop>();
    }
}
