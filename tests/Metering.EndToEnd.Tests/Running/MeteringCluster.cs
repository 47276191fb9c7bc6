using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using Metering.Contracts;
using Metering.Embedded;
using Metering.Embedded.ClickHouse;
using Metering.Embedded.Postgres;
using Metering.Testing.Kafka;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Metering.EndToEnd.Tests.Running;

/// <summary>
/// A deployment: roles in processes of their own over a Kafka cluster, one PostgreSQL and one ClickHouse. The cluster is librdkafka's mock in this process,
/// or the one that <c>METERING_TEST_KAFKA</c> names.
/// </summary>
internal sealed class MeteringCluster : IDeployment
{
    /// <summary>With the house partition seven things to own.</summary>
    public const int Partitions = 6;

    /// <summary>What connections of <see cref="ConnectAsync"/> are called.</summary>
    public const string Ours = "ours";

    private readonly string _folder = Directory.CreateTempSubdirectory("metering-cluster-").FullName;
    private readonly List<MeteringProcess> _processes = [];
    private readonly Dictionary<string, string> _environment;
    private EmbeddedPostgres? _postgres;
    private EmbeddedClickHouse? _clickHouse;
    private NpgsqlDataSource? _source;
    private string? _key;
    private string? _program;

    private MeteringCluster(SecureLog? log)
    {
        // PostgreSQL runs as another user when we are root, and has to be able to enter.
        File.SetUnixFileMode(_folder, File.GetUnixFileMode(_folder) | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);
        string? given = Environment.GetEnvironmentVariable("METERING_TEST_KAFKA");
        _environment = new Dictionary<string, string>(MeteringProcess.SealsQuickly)
        {
            ["METERING_Aggregator__Lease"] = "00:00:03",

            // So few that identities move to files within seconds.
            ["METERING_Aggregator__ActiveIdentities"] = "1000",
            ["METERING_Partitions"] = Partitions.ToString(CultureInfo.InvariantCulture),
            ["METERING_Kafka__FetchWait"] = "00:00:00.050",
        };
        if (log is not null)
        {
            Broker = log.Broker;
        }
        else if (string.IsNullOrEmpty(given))
        {
            Broker = new MockCluster(brokers: 3);
            Broker.CreateTopic(Topics.UsageEvents, Partitions);
            _environment["METERING_Kafka__CreateTopics"] = "false";
            _environment["METERING_Kafka__CheckTopics"] = "false";
        }

        _environment["METERING_Kafka__BootstrapServers"] = Broker?.BootstrapServers ?? given!;
        foreach ((string name, string value) in log?.Settings ?? new Dictionary<string, string>())
        {
            _environment[name] = value;
        }
    }

    /// <summary>The mock, which can be made to fail; null on a cluster that was given.</summary>
    public MockCluster? Broker { get; }

    public string BootstrapServers => _environment["METERING_Kafka__BootstrapServers"];

    /// <summary>The roles' road to PostgreSQL.</summary>
    public FaultProxy PostgresRoad { get; private set; } = null!;

    /// <summary>The roles' road to ClickHouse.</summary>
    public FaultProxy ClickHouseRoad { get; private set; } = null!;

    public int PostgresProcess => _postgres!.ProcessId;

    public int ClickHouseProcess => _clickHouse!.ProcessId;

    public List<MeteringProcess> Ingests { get; } = [];

    public List<MeteringProcess> Aggregators { get; } = [];

    public MeteringProcess Query { get; private set; } = null!;

    public int InDoubt => ClickHouseRoad.AnswersLost + PostgresRoad.AnswersLost + (Broker?.AnswersLost ?? 0) + _processes.Sum(one => Doubts.In(one.Errors));

    /// <summary>What all processes have written to standard error, over all their starts.</summary>
    public string Errors => string.Concat(_processes.Select(one => one.Errors));

    /// <param name="program">Another build of the program; null for the one built with these tests.</param>
    /// <param name="log">Brokers that are not open to everybody; null for those that are. Ends with the cluster.</param>
    public static async Task<MeteringCluster> StartAsync(string? program = null, SecureLog? log = null)
    {
        MeteringCluster cluster = new(log) { _program = program };
        await cluster.StartStoresAsync();
        cluster.Query = await cluster.ServeAsync("query");
        return cluster;
    }

    public async Task AddIngestAsync() => Ingests.Add(await ServeAsync("ingest"));

    /// <param name="owner">The name of its leases, which it takes back at once after a restart; null for one of each life.</param>
    public async Task AddAggregatorAsync(string? owner = null) =>
        Aggregators.Add(await ServeAsync("aggregator", owner is null ? [] : new Dictionary<string, string> { ["METERING_Aggregator__Owner"] = owner }));

    /// <summary>A process that is expected to refuse.</summary>
    /// <param name="with">Settings of its own.</param>
    /// <param name="arguments">Its command line.</param>
    public async Task<(int ExitCode, string Errors)> RunToExitAsync(Dictionary<string, string> with, params string[] arguments)
    {
        (int exitCode, _, string errors) = await MeteringProcess.RunAsync(SettingsWith(with), arguments);
        return (exitCode, errors);
    }

    /// <summary>SIGTERM to all of them.</summary>
    public async Task StopAggregatorsAsync()
    {
        await Task.WhenAll(Aggregators.Select(one => one.StopAsync()));
        Aggregators.Clear();
    }

    /// <summary>Returns when the engine has been started again this often.</summary>
    public Task<TimeSpan> ClickHouseStartedAgainAsync(int times) => Eventually.TrueAsync(() => Task.FromResult(_clickHouse!.Restarts >= times), "ClickHouse is started again");

    /// <summary>A connection of its own to PostgreSQL, past the road.</summary>
    public async Task<NpgsqlConnection> ConnectAsync()
    {
        NpgsqlConnection connection = new(new NpgsqlConnectionStringBuilder(_postgres!.ConnectionString) { Pooling = false, ApplicationName = Ours }.ConnectionString);
        await connection.OpenAsync();
        return connection;
    }

    /// <summary>Gives the log more partitions while everything runs.</summary>
    public async Task<string> GrowAsync(int generation, int partitions)
    {
        Broker?.CreateTopic($"{Topics.UsageEvents}.{generation}", partitions);
        (int exitCode, string output, string errors) = await MeteringProcess.RunAsync(_environment, "grow", "--to", partitions.ToString(CultureInfo.InvariantCulture));
        return exitCode == 0 ? output : throw new InvalidOperationException(errors);
    }

    /// <summary>Events go to one of the ingesting processes, audits to the aggregator that makes them, all else to the querying one.</summary>
    public async Task<MeteringClient> NewClientAsync(int entrance = 0)
    {
        _key ??= await CreateKeyAsync();
        return new MeteringClient(new Uri("http://cluster"), _clickHouse!.Endpoint, new Road(this, entrance, _key));
    }

    /// <summary>How many partitions each live owner holds, most first.</summary>
    public async Task<int[]> OwnedAsync()
    {
        List<int> counts = [];
        await using NpgsqlCommand command = _source!.CreateCommand(
            "select count(*) from partition_state where lease_until >= now() group by owner order by count(*) desc");
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
        {
            counts.Add((int)reader.GetInt64(0));
        }

        return [.. counts];
    }

    public async ValueTask DisposeAsync()
    {
        foreach (MeteringProcess process in _processes)
        {
            await process.DisposeAsync();
        }

        if (_source is not null)
        {
            await _source.DisposeAsync();
        }

        if (_clickHouse is not null)
        {
            await _clickHouse.DisposeAsync();
        }

        if (_postgres is not null)
        {
            await _postgres.DisposeAsync();
        }

        PostgresRoad?.Dispose();
        ClickHouseRoad?.Dispose();
        Broker?.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task StartStoresAsync()
    {
        _postgres = await EmbeddedPostgres.StartAsync(
            new EmbeddedPostgresOptions { DataPath = Path.Combine(_folder, "postgres") }, NullLoggerFactory.Instance, TimeProvider.System, default);
        EngineCommand engine = new(Path.Combine(AppContext.BaseDirectory, "metering"), ["engine", "clickhouse"]);
        _clickHouse = await EmbeddedClickHouse.StartAsync(
            new EmbeddedClickHouseOptions { DataPath = Path.Combine(_folder, "clickhouse"), Command = engine }, NullLoggerFactory.Instance, TimeProvider.System, default);
        _source = NpgsqlDataSource.Create(_postgres.ConnectionString);
        PostgresRoad = new FaultProxy(_postgres.Endpoint);
        ClickHouseRoad = new FaultProxy(new IPEndPoint(IPAddress.Loopback, _clickHouse.Endpoint.Port));
        _environment["METERING_Postgres"] = new NpgsqlConnectionStringBuilder(_postgres.ConnectionString) { Port = PostgresRoad.Port, Host = "127.0.0.1" }.ConnectionString;
        _environment["METERING_ClickHouse"] = $"http://127.0.0.1:{ClickHouseRoad.Port}";
    }

    private async Task<MeteringProcess> ServeAsync(string roles, Dictionary<string, string>? with = null)
    {
        MeteringProcess process = await MeteringProcess.ServeAsync(roles, SettingsWith(with ?? []), _program);
        _processes.Add(process);
        return process;
    }

    private Dictionary<string, string> SettingsWith(Dictionary<string, string> others)
    {
        Dictionary<string, string> environment = new(_environment);
        foreach ((string name, string value) in others)
        {
            environment[name] = value;
        }

        return environment;
    }

    private async Task<string> CreateKeyAsync()
    {
        (int exitCode, string output, string errors) = await MeteringProcess.RunAsync("keys", "create", "--tenant", "default", "--postgres", _postgres!.ConnectionString);
        return exitCode == 0 ? output.Trim() : throw new InvalidOperationException(errors);
    }

    /// <summary>What a load balancer does.</summary>
    private sealed class Road(MeteringCluster cluster, int entrance, string key) : DelegatingHandler(new SocketsHttpHandler())
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            request.Headers.Remove("X-Metering-Tenant");
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
            string path = request.RequestUri!.PathAndQuery;
            if (path == "/v1/audit")
            {
                return await AuditAsync(request, path, cancellationToken);
            }

            if (path.StartsWith("/v1/audit/", StringComparison.Ordinal))
            {
                request.RequestUri = new Uri(cluster.Aggregators[0].Http + path);
                return await base.SendAsync(request, cancellationToken);
            }

            bool events = request.Method == HttpMethod.Post && path.StartsWith("/v1/events", StringComparison.Ordinal);
            request.RequestUri = new Uri((events ? cluster.Ingests[entrance] : cluster.Query).Http + path);
            return await base.SendAsync(request, cancellationToken);
        }

        /// <summary>Only the owner of the house partition has a report of the running audit.</summary>
        private async Task<HttpResponseMessage> AuditAsync(HttpRequestMessage request, string path, CancellationToken cancellationToken)
        {
            HttpResponseMessage? answer = null;
            foreach (MeteringProcess aggregator in cluster.Aggregators)
            {
                answer?.Dispose();
                using HttpRequestMessage copy = new(request.Method, aggregator.Http + path);
                answer = await base.SendAsync(copy, cancellationToken);
                if (answer.StatusCode == HttpStatusCode.OK && await IsNewAsync(answer))
                {
                    break;
                }
            }

            return answer!;
        }

        private static async Task<bool> IsNewAsync(HttpResponseMessage answer) =>
            System.Text.Json.JsonDocument.Parse(await answer.Content.ReadAsStringAsync()).RootElement.GetProperty("at").GetDateTimeOffset() > DateTimeOffset.UtcNow.AddSeconds(-10);
    }
}
