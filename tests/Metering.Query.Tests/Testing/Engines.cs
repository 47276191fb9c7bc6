using System.Security.Cryptography;
using Metering.Embedded;
using Metering.Embedded.ClickHouse;
using Metering.Embedded.Postgres;
using Metering.Query.Tests.Testing;
using Metering.Storage.ClickHouse;
using Metering.Storage.Postgres;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

[assembly: AssemblyFixture(typeof(Engines))]

namespace Metering.Query.Tests.Testing;

/// <summary>
/// Both databases, started once for all tests and migrated. <c>METERING_TEST_POSTGRES</c> and <c>METERING_TEST_CLICKHOUSE</c> name servers to use
/// instead of the embedded engines. Tests share them and keep apart by tenant; the progress marks belong to the database and are set here.
/// </summary>
public sealed class Engines : IAsyncLifetime
{
    public const string ClickHouseCommand = "run-clickhouse";

    /// <summary>Readers see offsets up to this one. Partitions are 0 and 1, and 2 is the house partition.</summary>
    public const long Confirmed = 1_000_000;

    /// <summary>The last seal folded offsets up to this one, of minutes below <see cref="SealedUpto"/>.</summary>
    public const long Folded = 2000;

    public const int NewestSeal = 2;

    public static readonly DateTimeOffset FirstSealedUpto = new(2024, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public static readonly DateTimeOffset SealedUpto = new(2024, 2, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly string _folder = Path.Combine(Path.GetTempPath(), $"metering-query-tests-{Environment.ProcessId}");
    private EmbeddedClickHouse? _embeddedClickHouse;
    private string? _clickHouseServer;
    private EmbeddedPostgres? _embeddedPostgres;

    public ClickHouseDatabase ClickHouse { get; private set; } = null!;

    public PostgresDatabase Postgres { get; private set; } = null!;

    /// <summary>For a test that needs connections of its own.</summary>
    public string PostgresConnection { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        CancellationToken cancellationToken = TestContext.Current.CancellationToken;
        _clickHouseServer = Environment.GetEnvironmentVariable("METERING_TEST_CLICKHOUSE") is { Length: > 0 } clickHouse
            ? clickHouse.TrimEnd('/')
            : (await StartClickHouseAsync(cancellationToken)).TrimEnd('/');
        ClickHouse = OpenNewDatabase();
        PostgresConnection = Environment.GetEnvironmentVariable("METERING_TEST_POSTGRES") is { Length: > 0 } postgres ? postgres : await StartPostgresAsync(cancellationToken);
        Postgres = new PostgresDatabase(PostgresConnection);
        await ClickHouse.MigrateAsync(cancellationToken);
        await Postgres.MigrateAsync(cancellationToken);
        await SetMarksAsync(cancellationToken);
    }

    /// <summary>A ClickHouse database that nobody else uses; not migrated yet.</summary>
    public ClickHouseDatabase OpenNewDatabase() => new($"{_clickHouseServer}/query_tests_{RandomNumberGenerator.GetHexString(8, lowercase: true)}");

    public async ValueTask DisposeAsync()
    {
        // Either may be missing when starting failed; that failure is the one to report.
        ClickHouse?.Dispose();
        if (Postgres is not null)
        {
            await Postgres.DisposeAsync();
        }

        if (_embeddedClickHouse is not null)
        {
            await _embeddedClickHouse.DisposeAsync();
        }

        if (_embeddedPostgres is not null)
        {
            await _embeddedPostgres.DisposeAsync();
        }

        if (Directory.Exists(_folder))
        {
            Directory.Delete(_folder, recursive: true);
        }
    }

    private async Task<string> StartClickHouseAsync(CancellationToken cancellationToken)
    {
        EmbeddedClickHouseOptions options = new() { DataPath = Path.Combine(_folder, "clickhouse"), Command = EngineCommand.ThisProgram(ClickHouseCommand) };
        _embeddedClickHouse = await EmbeddedClickHouse.StartAsync(options, NullLoggerFactory.Instance, TimeProvider.System, cancellationToken);
        return _embeddedClickHouse.Endpoint.ToString();
    }

    private async Task<string> StartPostgresAsync(CancellationToken cancellationToken)
    {
        EmbeddedPostgresOptions options = new() { DataPath = Path.Combine(_folder, "postgres") };
        _embeddedPostgres = await EmbeddedPostgres.StartAsync(options, NullLoggerFactory.Instance, TimeProvider.System, cancellationToken);
        return _embeddedPostgres.ConnectionString;
    }

    private async Task SetMarksAsync(CancellationToken cancellationToken)
    {
        await ClickHouse.ExecuteAsync($"INSERT INTO flush_mark VALUES (0, {Confirmed}), (1, {Confirmed}), (2, {Confirmed})", cancellationToken);
        await ClickHouse.ExecuteAsync($"""
            INSERT INTO seal_mark VALUES
              (1, toDateTime({FirstSealedUpto.ToUnixTimeSeconds()}, 'UTC'), [1000, 1000, 1000], toDateTime('2024-01-01 00:10:00', 'UTC')),
              (2, toDateTime({SealedUpto.ToUnixTimeSeconds()}, 'UTC'), [{Folded}, {Folded}, {Folded}], toDateTime('2024-02-01 00:10:00', 'UTC'))
            """, cancellationToken);
    }
}
