using Metering.Embedded.ClickHouse;
using Metering.Embedded.Postgres;
using Metering.EventLog;
using Metering.EventLog.Embedded;
using Metering.Host.Settings;
using Metering.Storage.ClickHouse;
using Metering.Storage.Postgres;

namespace Metering.Host.Composition;

/// <summary>The three stores, ready to use: embedded ones started side by side, servers connected, schemas up to date.</summary>
internal sealed class Engines : IAsyncDisposable
{
    private EmbeddedPostgres? _postgres;
    private EmbeddedClickHouse? _clickHouse;

    private Engines()
    {
    }

    public PostgresDatabase Postgres { get; private set; } = null!;

    public ClickHouseDatabase ClickHouse { get; private set; } = null!;

    public IEventLog Log { get; private set; } = null!;

    public ITopic UsageEvents { get; private set; } = null!;

    /// <summary>For people: where the stores are.</summary>
    public string PostgresAddress => _postgres?.Endpoint.ToString() ?? "server";

    public string ClickHouseAddress => _clickHouse?.Endpoint.ToString().TrimEnd('/') ?? "server";

    public static async Task<Engines> StartAsync(
        MeteringSettings settings, EmbeddedEventLogOptions log, ILoggerFactory loggers, TimeProvider time, CancellationToken cancellationToken)
    {
        Engines engines = new();
        try
        {
            await Task.WhenAll(
                engines.StartPostgresAsync(settings, loggers, time, cancellationToken),
                engines.StartClickHouseAsync(settings, loggers, time, cancellationToken),
                engines.OpenLogAsync(settings, log, loggers, time, cancellationToken));
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
        if (UsageEvents is not null)
        {
            await UsageEvents.DisposeAsync();
        }

        if (Log is not null)
        {
            await Log.DisposeAsync();
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

    private async Task OpenLogAsync(
        MeteringSettings settings, EmbeddedEventLogOptions options, ILoggerFactory loggers, TimeProvider time, CancellationToken cancellationToken)
    {
        Log = EmbeddedEventLog.Open(options, time, loggers);
        UsageEvents = await Log.OpenAsync(new TopicSpec(Contracts.Topics.UsageEvents, settings.Partitions, settings.LogRetention), cancellationToken);
    }
}
