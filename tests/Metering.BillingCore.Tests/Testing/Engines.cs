using System.Security.Cryptography;
using Metering.BillingCore.Tests.Testing;
using Metering.Embedded;
using Metering.Embedded.ClickHouse;
using Metering.Embedded.Postgres;
using Metering.Storage.ClickHouse;
using Metering.Storage.Postgres;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Xunit;

[assembly: AssemblyFixture(typeof(Engines))]

namespace Metering.BillingCore.Tests.Testing;

/// <summary>
/// Both databases, started once and migrated; <c>METERING_TEST_POSTGRES</c> and <c>METERING_TEST_CLICKHOUSE</c> name servers to use instead. Tests keep apart
/// by tenant; the seals belong to the database and are set here.
/// </summary>
public sealed class Engines : IAsyncLifetime
{
    public const string ClickHouseCommand = "run-clickhouse";

    /// <summary>Both seals cover what is before it.</summary>
    public static readonly DateTimeOffset SealedUpto = new(2024, 2, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>Seal 1 has folded offsets up to 1000, seal 2 up to 2000.</summary>
    public const int NewestSeal = 2;

    private readonly string _folder = Path.Combine(Path.GetTempPath(), $"metering-billing-tests-{Environment.ProcessId}");
    private EmbeddedPostgres? _embedded;
    private string _server = "";
    private string _connection = "";
    private EmbeddedClickHouse? _embeddedClickHouse;

    public PostgresDatabase Postgres { get; private set; } = null!;

    /// <summary>With its password, which the database's own does not give away.</summary>
    public string PostgresConnection { get; private set; } = null!;

    public ClickHouseDatabase ClickHouse { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        CancellationToken cancellationToken = TestContext.Current.CancellationToken;
        string connection = Environment.GetEnvironmentVariable("METERING_TEST_POSTGRES") is { Length: > 0 } given ? given : await StartAsync(cancellationToken);
        PostgresConnection = connection;
        _connection = connection;
        Postgres = new PostgresDatabase(connection);
        await Postgres.MigrateAsync(cancellationToken);
        string server = Environment.GetEnvironmentVariable("METERING_TEST_CLICKHOUSE") is { Length: > 0 } other ? other.TrimEnd('/') : await StartClickHouseAsync(cancellationToken);
        _server = server;
        ClickHouse = new ClickHouseDatabase($"{server}/billing_tests_{RandomNumberGenerator.GetHexString(8, lowercase: true)}");
        await ClickHouse.MigrateAsync(cancellationToken);
        string upto = $"toDateTime({SealedUpto.ToUnixTimeSeconds()}, 'UTC'), ";
        await ClickHouse.ExecuteAsync($"INSERT INTO seal_mark VALUES (1, {upto}[1000, 1000], now()), (2, {upto}[2000, 2000], now())", cancellationToken);
    }

    /// <summary>A ClickHouse database of one's own, for seals of one's own. The caller disposes it.</summary>
    public async Task<ClickHouseDatabase> CreateClickHouseAsync()
    {
        ClickHouseDatabase database = new($"{_server}/billing_{RandomNumberGenerator.GetHexString(12, lowercase: true)}");
        await database.MigrateAsync(TestContext.Current.CancellationToken);
        return database;
    }

    /// <summary>A database of its own on the same server, for what goes over all tenants.</summary>
    public async Task<PostgresDatabase> CreateDatabaseAsync()
    {
        string name = $"billing_{RandomNumberGenerator.GetHexString(12, lowercase: true)}";
        await ExecuteAsync($"create database {name}");
        PostgresDatabase database = new(new NpgsqlConnectionStringBuilder(_connection) { Database = name, MaxPoolSize = 20 }.ConnectionString);
        await database.MigrateAsync(TestContext.Current.CancellationToken);
        return database;
    }

    /// <summary>With its password, which the database's own does not give away.</summary>
    public string ConnectionTo(PostgresDatabase database) =>
        new NpgsqlConnectionStringBuilder(_connection) { Database = new NpgsqlConnectionStringBuilder(database.Source.ConnectionString).Database }.ConnectionString;

    /// <summary>As the owner of the tables, who sees nothing either unless it is a superuser.</summary>
    public async Task ExecuteAsync(string sql)
    {
        await using NpgsqlCommand command = Postgres.Source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    public async ValueTask DisposeAsync()
    {
        // Any may be missing when starting failed; that failure is the one to report.
        ClickHouse?.Dispose();
        if (Postgres is not null)
        {
            await Postgres.DisposeAsync();
        }

        if (_embeddedClickHouse is not null)
        {
            await _embeddedClickHouse.DisposeAsync();
        }

        if (_embedded is not null)
        {
            await _embedded.DisposeAsync();
        }

        if (Directory.Exists(_folder))
        {
            Directory.Delete(_folder, recursive: true);
        }
    }

    private async Task<string> StartAsync(CancellationToken cancellationToken)
    {
        EmbeddedPostgresOptions options = new() { DataPath = Path.Combine(_folder, "postgres") };
        _embedded = await EmbeddedPostgres.StartAsync(options, NullLoggerFactory.Instance, TimeProvider.System, cancellationToken);
        return _embedded.ConnectionString;
    }

    private async Task<string> StartClickHouseAsync(CancellationToken cancellationToken)
    {
        EmbeddedClickHouseOptions options = new() { DataPath = Path.Combine(_folder, "clickhouse"), Command = EngineCommand.ThisProgram(ClickHouseCommand) };
        _embeddedClickHouse = await EmbeddedClickHouse.StartAsync(options, NullLoggerFactory.Instance, TimeProvider.System, cancellationToken);
        return _embeddedClickHouse.Endpoint.ToString().TrimEnd('/');
    }
}
