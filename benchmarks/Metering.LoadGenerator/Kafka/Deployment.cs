using System.Globalization;
using Metering.Contracts;
using Metering.Embedded;
using Metering.Embedded.ClickHouse;
using Metering.Embedded.Postgres;
using Metering.EventLog.Kafka;
using Metering.Testing.Kafka;
using Microsoft.Extensions.Logging.Abstractions;

namespace Metering.LoadGenerator.Kafka;

/// <summary>
/// Brokers, stores and a querying process, on loopback and in a temporary folder; further roles come and go. The brokers are librdkafka's mock in
/// this process, or those that <c>METERING_TEST_KAFKA</c> names, where the usage topic must be empty or missing.
/// </summary>
internal sealed class Deployment : IAsyncDisposable
{
    private const int MockBrokers = 3;

    private readonly string _folder = Directory.CreateTempSubdirectory("metering-bench-").FullName;
    private readonly Dictionary<string, string> _environment;
    private readonly MockCluster? _brokers;
    private readonly RoadHandler _road;
    private EmbeddedPostgres? _postgres;
    private EmbeddedClickHouse? _clickHouse;
    private SqlClient? _sql;
    private RoleProcess? _query;
    private int _started;

    private Deployment(int partitions)
    {
        // PostgreSQL runs as another user when we are root, and has to be able to enter.
        File.SetUnixFileMode(_folder, File.GetUnixFileMode(_folder) | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);
        string? given = Environment.GetEnvironmentVariable("METERING_TEST_KAFKA");
        if (string.IsNullOrEmpty(given))
        {
            _brokers = new MockCluster(MockBrokers);
            _brokers.CreateTopic(Topics.UsageEvents, partitions);
        }

        bool isReal = _brokers is null;
        Log = new KafkaEventLogOptions
        {
            BootstrapServers = _brokers?.BootstrapServers ?? given!,
            CreateTopics = isReal,
            CheckTopics = isReal,
            FetchWait = TimeSpan.FromMilliseconds(50),
        };
        _environment = new Dictionary<string, string>
        {
            ["METERING_Partitions"] = partitions.ToString(CultureInfo.InvariantCulture),
            ["METERING_Kafka__BootstrapServers"] = Log.BootstrapServers,
            ["METERING_Kafka__CreateTopics"] = Log.CreateTopics.ToString(),
            ["METERING_Kafka__CheckTopics"] = Log.CheckTopics.ToString(),
            ["METERING_Kafka__FetchWait"] = Log.FetchWait.ToString("c"),
        };
        _road = new RoadHandler(CreateKeyAsync);
        Api = new HttpClient(_road) { BaseAddress = new Uri("http://deployment") };
    }

    /// <summary>How this process and the roles reach the brokers.</summary>
    public KafkaEventLogOptions Log { get; }

    /// <summary>Events go to the ingesting process, all else to the querying one, each with its tenant's key.</summary>
    public HttpClient Api { get; }

    public SqlClient Sql => _sql!;

    public int ClickHouseProcess => _clickHouse!.ProcessId;

    public static async Task<Deployment> StartAsync(int partitions, CancellationToken cancellationToken)
    {
        Deployment deployment = new(partitions);
        try
        {
            await deployment.StartStoresAsync(cancellationToken);
            deployment._query = await deployment.ServeAsync("query");
            deployment._road.Query = deployment._query.Http;
            return deployment;
        }
        catch
        {
            await deployment.DisposeAsync();
            throw;
        }
    }

    /// <param name="settings">By their names in the environment.</param>
    public async Task<List<RoleProcess>> StartAggregatorsAsync(int count, params (string Name, string Value)[] settings)
    {
        List<RoleProcess> aggregators = [];
        for (int i = 0; i < count; i++)
        {
            aggregators.Add(await ServeAsync("aggregator", settings));
        }

        return aggregators;
    }

    public async Task<RoleProcess> StartIngestAsync()
    {
        RoleProcess ingest = await ServeAsync("ingest");
        _road.Ingest = ingest.Http;
        return ingest;
    }

    public Task<string> KeyAsync(string tenant) => _road.KeyAsync(tenant);

    public async ValueTask DisposeAsync()
    {
        Api.Dispose();
        _sql?.Dispose();
        foreach (IAsyncDisposable? one in new IAsyncDisposable?[] { _query, _clickHouse, _postgres })
        {
            if (one is not null)
            {
                await one.DisposeAsync();
            }
        }

        _brokers?.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task StartStoresAsync(CancellationToken cancellationToken)
    {
        _postgres = await EmbeddedPostgres.StartAsync(
            new EmbeddedPostgresOptions { DataPath = Path.Combine(_folder, "postgres") }, NullLoggerFactory.Instance, TimeProvider.System, cancellationToken);
        EngineCommand engine = new(RoleProcess.Program, ["engine", "clickhouse"]);
        _clickHouse = await EmbeddedClickHouse.StartAsync(
            new EmbeddedClickHouseOptions { DataPath = Path.Combine(_folder, "clickhouse"), Command = engine }, NullLoggerFactory.Instance, TimeProvider.System, cancellationToken);
        _sql = new SqlClient(_clickHouse.Endpoint);
        _environment["METERING_Postgres"] = _postgres.ConnectionString;
        _environment["METERING_ClickHouse"] = _clickHouse.Endpoint.ToString();
    }

    private Task<RoleProcess> ServeAsync(string role, params (string Name, string Value)[] settings)
    {
        Dictionary<string, string> environment = new(_environment);
        foreach ((string name, string value) in settings)
        {
            environment[name] = value;
        }

        string data = Path.Combine(_folder, string.Create(CultureInfo.InvariantCulture, $"{role}-{_started++}"));
        return RoleProcess.ServeAsync(role, data, environment);
    }

    private Task<string> CreateKeyAsync(string tenant) => RoleProcess.RunAsync("keys", "create", "--tenant", tenant, "--postgres", _postgres!.ConnectionString);
}
