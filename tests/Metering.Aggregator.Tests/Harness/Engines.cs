using Metering.Aggregator.Tests.Harness;
using Metering.Embedded;
using Metering.Embedded.ClickHouse;
using Metering.Embedded.Postgres;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Xunit;

[assembly: AssemblyFixture(typeof(Engines))]

namespace Metering.Aggregator.Tests.Harness;

/// <summary>Both engines, started once; every test has databases of its own on them.</summary>
public sealed class Engines : IAsyncLifetime
{
    public const string ClickHouseCommand = "run-clickhouse";

    private readonly string _folder = Path.Combine(Path.GetTempPath(), $"metering-aggregator-tests-{Environment.ProcessId}");
    private EmbeddedClickHouse _clickHouse = null!;
    private EmbeddedPostgres _postgres = null!;
    private int _databases;

    public async ValueTask InitializeAsync()
    {
        _clickHouse = await EmbeddedClickHouse.StartAsync(
            new EmbeddedClickHouseOptions { DataPath = Path.Combine(_folder, "clickhouse"), Command = EngineCommand.ThisProgram(ClickHouseCommand) },
            NullLoggerFactory.Instance, TimeProvider.System, TestContext.Current.CancellationToken);
        _postgres = await EmbeddedPostgres.StartAsync(
            new EmbeddedPostgresOptions { DataPath = Path.Combine(_folder, "postgres"), MaxConnections = 300 },
            NullLoggerFactory.Instance, TimeProvider.System, TestContext.Current.CancellationToken);
    }

    /// <summary>Names of databases and a folder that nothing else uses.</summary>
    public async Task<Place> NewPlaceAsync()
    {
        string name = $"test_{Interlocked.Increment(ref _databases)}";
        await using NpgsqlDataSource server = NpgsqlDataSource.Create(_postgres.ConnectionString);
        await using NpgsqlCommand create = server.CreateCommand($"create database {name}");
        await create.ExecuteNonQueryAsync();
        NpgsqlConnectionStringBuilder postgres = new(_postgres.ConnectionString) { Database = name };
        return new Place(postgres.ConnectionString, $"{_clickHouse.Endpoint}{name}", Path.Combine(_folder, name));
    }

    public async ValueTask DisposeAsync()
    {
        await _clickHouse.DisposeAsync();
        await _postgres.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }
}

/// <summary>Where one test's state lives.</summary>
public sealed record Place(string Postgres, string ClickHouse, string Folder);
