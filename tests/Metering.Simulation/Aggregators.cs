using Metering.Aggregator;
using Metering.Aggregator.Deduplication;
using Metering.Aggregator.Flushing;
using Metering.Aggregator.Generations;
using Metering.Aggregator.House;
using Metering.Aggregator.Meters;
using Metering.Aggregator.Partitions;
using Metering.Aggregator.Retention;
using Metering.Aggregator.Sealing;
using Metering.Aggregator.Telemetry;
using Metering.Simulation.ClickHouse;
using Metering.Simulation.Log;
using Metering.Simulation.Postgres;
using Metering.Simulation.Running;
using Metering.Storage.Postgres.Generations;

namespace Metering.Simulation;

/// <summary>Starts lives of aggregator processes: the production service, composed on the simulated stores.</summary>
internal sealed class Aggregators(World world, Swarm swarm, Stores stores)
{
    private static readonly AggregatorMetrics s_metrics = new(Instruments.Instance);

    public List<Life> Lives { get; } = [];

    /// <summary>Starts a process; when it dies or has stopped another one of its name follows.</summary>
    public void Start(string name)
    {
        Node node = new(world, name);
        NodeTime time = new(world, node);
        CancellationTokenSource stopping = new();
        Life life = new(node, stopping);
        Lives.Add(life);
        node.Died += () => Follow(life);
        node.Happen(() => _ = RunAsync(life, Compose(node, time)));
    }

    private async Task RunAsync(Life life, AggregatorService service)
    {
        await service.RunAsync(life.Stopping.Token);
        world.Tell($"{life.Node.Name} has stopped");
        life.Node.Kill();
    }

    private void Follow(Life life)
    {
        if (Lives.Remove(life))
        {
            world.After(world.Between(0.1, 20), null, () => Start(life.Node.Name));
        }
    }

    private AggregatorService Compose(Node node, NodeTime time)
    {
        AggregatorOptions options = new()
        {
            Owner = node.Name,
            CacheDirectory = "no-segment-files-in-simulation",
            Lease = TimeSpan.FromSeconds(10),
            FlushInterval = swarm.FlushInterval,
            FlushRecords = swarm.FlushRecords,
            AllowedLateness = swarm.Lateness,
            SealInterval = TimeSpan.FromSeconds(5),
            TickInterval = swarm.TickInterval,
            TickFlushInterval = TimeSpan.FromSeconds(8),
            MeterPollInterval = TimeSpan.FromSeconds(4),
            DrainDeadline = TimeSpan.FromSeconds(5),
        };
        SimulatedTopic topic = new(world, node, stores.Log, stores.LogFaults);
        LogGeneration generation = LogGeneration.First(topic.PartitionCount);
        Wire postgres = new(world, node, stores.PostgresFaults, what => new Npgsql.NpgsqlException($"lost {what}"));
        Wire clickHouse = new(world, node, stores.ClickHouseFaults, what => new HttpRequestException($"lost {what}"));
        PartitionStorePort partitions = new(stores.Partitions, postgres, options);
        SealStorePort seals = new(world, stores.Seals, postgres);
        MeterPort meters = new(stores.Meters, postgres);
        IFlushTables tables = stores.Control.Wrap(new FlushTablesPort(world, stores.ClickHouse, clickHouse, () => stores.Lies));
        AcceptedRowsPort accepted = new(stores.ClickHouse, clickHouse, stores.Control.BoundsLookUps);
        WindowStorePort windows = new(world, stores.ClickHouse, clickHouse);
        Retry retry = new(time, new Random(world.Random.Next()), Log<Retry>());
        MeterCatalog catalog = new(meters);
        FlushSink sink = new(tables);
        DeduplicatorLoader deduplicators = new(accepted, generation, options, Log<DeduplicatorLoader>());
        Flusher flusher = new(partitions, sink, deduplicators, retry, options, s_metrics, Log<Flusher>());
        FlushLoop flushLoop = new(flusher, accepted, meters, catalog, retry, options, time, Log<FlushLoop>());
        HouseLoop houseLoop = new(
            meters, new Backfill(new EffectiveEventsPort(stores.ClickHouse, clickHouse)), flusher, catalog, meters, options, time, Log<HouseLoop>());
        StartChecks checks = new(tables, seals, windows, generation);
        return new AggregatorService(
            topic, generation, partitions, checks, new PartitionLoader(topic, generation, checks, deduplicators, flushLoop, houseLoop, options, time), catalog,
            new MeterCatalogLoop(catalog, options, time, Log<MeterCatalogLoop>()), flushLoop, houseLoop,
            new SealLoop(new Sealer(seals, windows, options, s_metrics, time, Log<Sealer>()), seals, options, time, Log<SealLoop>()),
            new TickLoop(options, time, Log<TickLoop>()), new LeaseLoop(partitions, options, time), new RetentionLoop(windows, seals, options, time, Log<RetentionLoop>()),
            new NoStragglers(time), sink, new AggregatorStatus(), options, time, Log<AggregatorService>());

        NodeLogger<T> Log<T>() => new(world, node, () => swarm.Lies > 0);
    }

    /// <summary>The simulated log has one generation.</summary>
    private sealed class NoStragglers(TimeProvider time) : IStragglers
    {
        public async Task MoveAsync(CancellationToken cancellationToken) => await Task.Delay(Timeout.InfiniteTimeSpan, time, cancellationToken);
    }

    internal sealed record Life(Node Node, CancellationTokenSource Stopping);
}
