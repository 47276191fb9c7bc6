using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Npgsql;
using Xunit;

namespace Metering.Ingest.Tests.Support;

/// <summary>
/// A real PostgreSQL of its own in a temporary folder, with the product's first migration applied. Its programs are found through
/// <c>METERING_TEST_PG_BIN</c>, the Debian folders or the path. PostgreSQL refuses to run as root, so then it runs as <c>nobody</c>.
/// </summary>
public sealed class PostgresServer : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("metering-pg-").FullName;
    private readonly int _port = FreePort();

    private string Data => Path.Combine(_folder, "data");

    private string ConnectionString => $"Host=127.0.0.1;Port={_port};Username=metering;Database=postgres;Timeout=3;Command Timeout=5;Pooling=false";

    public NpgsqlDataSource Database { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        if (Environment.IsPrivilegedProcess)
        {
            Run("chown", "nobody", _folder);
        }

        RunAsPostgres("initdb", "-D", Data, "-U", "metering", "-A", "trust", "-E", "UTF8", "--no-sync");
        Start();
        Database = NpgsqlDataSource.Create(ConnectionString);
        await using Stream migration = typeof(Metering.Storage.Postgres.ApiKeys.ApiKeyStore).Assembly.GetManifestResourceStream(
            typeof(Metering.Storage.Postgres.ApiKeys.ApiKeyStore).Assembly.GetManifestResourceNames().Single(name => name.EndsWith("Postgres.Migrations.0001_init.sql", StringComparison.Ordinal)))!;
        await using NpgsqlCommand command = Database.CreateCommand(await new StreamReader(migration).ReadToEndAsync());
        await command.ExecuteNonQueryAsync();
    }

    public void Start() =>
        RunAsPostgres("pg_ctl", "-D", Data, "-w", "-l", Path.Combine(_folder, "log"), "-o", $"-p {_port} -h 127.0.0.1 -k {_folder} -c fsync=off", "start");

    public void Stop() => RunAsPostgres("pg_ctl", "-D", Data, "-m", "immediate", "-w", "stop");

    public async ValueTask DisposeAsync()
    {
        await Database.DisposeAsync();
        Stop();
        Directory.Delete(_folder, recursive: true);
    }

    private static void RunAsPostgres(string program, params string[] arguments)
    {
        string path = Find(program);
        if (Environment.IsPrivilegedProcess)
        {
            Run("setpriv", ["--reuid=nobody", "--regid=nogroup", "--clear-groups", path, .. arguments]);
        }
        else
        {
            Run(path, arguments);
        }
    }

    private static string Find(string program)
    {
        IEnumerable<string> folders = [Environment.GetEnvironmentVariable("METERING_TEST_PG_BIN") ?? "", .. Debian(), .. (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':')];
        return folders.Select(folder => Path.Combine(folder, program)).FirstOrDefault(File.Exists)
            ?? throw new InvalidOperationException($"{program} was not found: install PostgreSQL or set METERING_TEST_PG_BIN");
    }

    private static IEnumerable<string> Debian() => Directory.Exists("/usr/lib/postgresql")
        ? Directory.GetDirectories("/usr/lib/postgresql").OrderDescending().Select(version => Path.Combine(version, "bin"))
        : [];

    private static void Run(string program, params string[] arguments)
    {
        // No pipes: the server that pg_ctl leaves behind would hold them open.
        using Process process = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", "exec \"$0\" \"$@\" >/dev/null 2>&1 </dev/null", program, .. arguments])
        {
            WorkingDirectory = "/",
        })!;
        process.WaitForExit();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"{program} {string.Join(' ', arguments)} ended with {process.ExitCode}");
        }
    }

    private static int FreePort()
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
