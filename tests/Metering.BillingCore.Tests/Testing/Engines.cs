using Metering.BillingCore.Tests.Testing;
using Metering.Embedded.Postgres;
using Metering.Storage.Postgres;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Xunit;

[assembly: AssemblyFixture(typeof(Engines))]

namespace Metering.BillingCore.Tests.Testing;

/// <summary>PostgreSQL, started once and migrated; <c>METERING_TEST_POSTGRES</c> names a server to use instead. Tests keep apart by tenant.</summary>
public sealed class Engines : IAsyncLifetime
{
    private readonly string _folder = Path.Combine(Path.GetTempPath(), $"metering-billing-tests-{Environment.ProcessId}");
    private EmbeddedPostgres? _embedded;

    public PostgresDatabase Postgres { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        CancellationToken cancellationToken = TestContext.Current.CancellationToken;
        string connection = Environment.GetEnvironmentVariable("METERING_TEST_POSTGRES") is { Length: > 0 } given ? given : await StartAsync(cancellationToken);
        Postgres = new PostgresDatabase(connection);
        await Postgres.MigrateAsync(cancellationToken);
    }

    /// <summary>As the owner of the tables, who sees nothing either unless it is a superuser.</summary>
    public async Task ExecuteAsync(string sql)
    {
        await using NpgsqlCommand command = Postgres.Source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    public async ValueTask DisposeAsync()
    {
        // It may be missing when starting failed; that failure is the one to report.
        if (Postgres is not null)
        {
            await Postgres.DisposeAsync();
        }

        if (_embedded is not null)
        {
            await _embedded.DisposeAsync();
            Directory.Delete(_folder, recursive: true);
        }
    }

    private async Task<string> StartAsync(CancellationToken cancellationToken)
    {
        EmbeddedPostgresOptions options = new() { DataPath = Path.Combine(_folder, "postgres") };
        _embedded = await EmbeddedPostgres.StartAsync(options, NullLoggerFactory.Instance, TimeProvider.System, cancellationToken);
        return _embedded.ConnectionString;
    }
}
