using Metering.Aggregator.Generations;
using Metering.Embedded.ClickHouse;
using Metering.Embedded.Postgres;
using Metering.EventLog;
using Metering.EventLog.Embedded;
using Metering.EventLog.Kafka;
using Metering.Host.Settings;
using Metering.Storage.ClickHouse;
using Metering.Storage.Postgres;

namespace Metering.Host.Composition;

/// <summary>
/// The stores that the roles of this process need, ready to use: embedded ones started side by side, servers connected, schemas up to date.
/// </summary>
internal sealed class Engines : IAsyncDisposable
{
    private IEventLog? _log;
    private EmbeddedPostgres? _postgres;
    private EmbeddedClickHouse? _clickHouse;

    private Engines()
    {
    }

    public PostgresDatabase Postgres { get; private set; } = null!;

    /// <summary>Null in a process that only ingests.</summary>
    public ClickHouseDatabase? ClickHouse { get; private set; }

    /// <summary>Null in a process that neither ingests nor counts.</summary>
    public UsageLog? UsageLog { get; private set; }

    /// <summary>What the outbox is relayed to; null in a process that does not bill.</summary>
    public ITopic? BillingTopic { get; private set; }

    /// <summary>For people: where the stores are.</summary>
    public string PostgresAddress => _postgres?.Endpoint.ToString() ?? "server";

    public string ClickHouseAddress => _clickHouse?.Endpoint.ToString().TrimEnd('/') ?? (ClickHouse is null ? "none" : "server");

    /// <param name="configuration">Sections EventLog and Kafka beside the settings.</param>
    public static async Task<Engines> StartAsync(
        MeteringSettings settings, Roles roles, IConfiguration configuration, ILoggerFactory loggers, TimeProvider time, CancellationToken cancellationToken)
    {
        Engines engines = new();
        Task postgres = engines.StartPostgresAsync(settings, loggers, time, cancellationToken);
        List<Task> starting = [postgres];
        if ((roles & (Roles.Aggregator | Roles.Query | Roles.Billing)) != 0)
        {
            starting.Add(engines.StartClickHouseAsync(settings, loggers, time, cancellationToken));
        }

        try
        {
            if ((roles & (Roles.Ingest | Roles.Aggregator | Roles.Billing)) != 0)
            {
                engines._log = OpenLog(settings, configuration, loggers, time);
            }

            if ((roles & (Roles.Ingest | Roles.Aggregator)) != 0)
            {
                starting.Add(engines.OpenUsageAsync(postgres, settings, cancellationToken));
            }

            if (roles.HasFlag(Roles.Billing))
            {
                starting.Add(engines.OpenBillingAsync(settings, cancellationToken));
            }

            await Task.WhenAll(starting);
            return engines;
        }
        catch
        {
            await engines.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (UsageLog is not null)
        {
            await UsageLog.Topic.DisposeAsync();
        }

        if (BillingTopic is not null)
        {
            await BillingTopic.DisposeAsync();
        }

        if (_log is not null)
        {
            await _log.DisposeAsync();
        }

        ClickHouse?.Dispose();
        if (Postgres is not null)
        {
            await Postgres.DisposeAsync();
        }

        await Task.WhenAll(
            _clickHouse?.DisposeAsync().AsTask() ?? Task.CompletedTask,
            _postgres?.DisposeAsync().AsTask() ?? Task.CompletedTask);
    }

    private async Task StartPostgresAsync(MeteringSettings settings, ILoggerFactory loggers, TimeProvider time, CancellationToken cancellationToken)
    {
        string connection = settings.Postgres;
        if (MeteringSettings.IsAddress(connection))
        {
            EmbeddedPostgresOptions options = new()
            {
                DataPath = Path.Combine(settings.Data, "postgres"),
                Listen = MeteringSettings.Address("postgres", connection),
            };
            _postgres = await EmbeddedPostgres.StartAsync(options, loggers, time, cancellationToken);
            connection = _postgres.ConnectionString;
        }

        Postgres = new PostgresDatabase(connection);
        await Postgres.MigrateAsync(cancellationToken);
    }

    private async Task StartClickHouseAsync(MeteringSettings settings, ILoggerFactory loggers, TimeProvider time, CancellationToken cancellationToken)
    {
        string connection = settings.ClickHouse;
        if (MeteringSettings.IsAddress(connection))
        {
            EmbeddedClickHouseOptions options = new()
            {
                DataPath = Path.Combine(settings.Data, "clickhouse"),
                Command = Embedded.EngineCommand.ThisProgram("engine", "clickhouse"),
                Listen = MeteringSettings.Address("clickhouse", connection),
            };
            _clickHouse = await EmbeddedClickHouse.StartAsync(options, loggers, time, cancellationToken);
            connection = _clickHouse.Endpoint.ToString();
        }

        ClickHouse = new ClickHouseDatabase(connection);
        await ClickHouse.MigrateAsync(cancellationToken);
    }

    private static IEventLog OpenLog(MeteringSettings settings, IConfiguration configuration, ILoggerFactory loggers, TimeProvider time)
    {
        if (KafkaSettings.Of(configuration) is { } kafka)
        {
            return KafkaEventLog.Open(kafka, time, loggers);
        }

        EmbeddedEventLogOptions embedded = new() { DataDirectory = Path.Combine(settings.Data, "log") };
        configuration.GetSection("EventLog").Bind(embedded);
        return EmbeddedEventLog.Open(embedded, time, loggers);
    }

    /// <param name="postgres">Knows which generation of the log is the newest.</param>
    private async Task OpenUsageAsync(Task postgres, MeteringSettings settings, CancellationToken cancellationToken)
    {
        int partitions = settings.Partitions ?? (_log is KafkaEventLog ? Contracts.Topics.KafkaPartitions : Contracts.Topics.EmbeddedPartitions);
        await postgres;
        UsageLog = await UsageLog.OpenAsync(_log!, Postgres, partitions, settings.LogRetention, cancellationToken);
    }

    private async Task OpenBillingAsync(MeteringSettings settings, CancellationToken cancellationToken) =>
        BillingTopic = await _log!.OpenAsync(new TopicSpec(Contracts.Topics.BillingEvents, Contracts.Topics.BillingPartitions, settings.LogRetention), cancellationToken);
}
