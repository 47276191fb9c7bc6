using System.Net;
using Metering.Embedded.Processes;
using Microsoft.Extensions.Logging;

namespace Metering.Embedded.Postgres;

/// <summary>
/// PostgreSQL as a child process on loopback, with one role and one database called `metering`, and a password of its own in the data folder.
/// </summary>
public sealed class EmbeddedPostgres : IAsyncDisposable
{
    private const string Name = "PostgreSQL";
    private const int SigInt = 2;

    private readonly EngineSupervisor _supervisor;
    private readonly FolderLock _folder;

    private EmbeddedPostgres(EngineSupervisor supervisor, FolderLock folder, IPEndPoint endpoint, string password)
    {
        _supervisor = supervisor;
        _folder = folder;
        Endpoint = endpoint;
        ConnectionString = $"Host={endpoint.Address};Port={endpoint.Port};Database={PostgresCluster.Database};Username={PostgresCluster.Role};Password={password}";
    }

    /// <summary>The same for the life of this object, across restarts.</summary>
    public IPEndPoint Endpoint { get; }

    /// <summary>For Npgsql.</summary>
    public string ConnectionString { get; }

    public int ProcessId => _supervisor.ProcessId;

    public int Restarts => _supervisor.Restarts;

    public static async Task<EmbeddedPostgres> StartAsync(
        EmbeddedPostgresOptions options, ILoggerFactory loggers, TimeProvider time, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        ILogger logger = loggers.CreateLogger<EmbeddedPostgres>();
        string data = Path.GetFullPath(options.DataPath);
        Directory.CreateDirectory(data);
        FolderLock folder = FolderLock.TakeDataFolder(Name, data);
        try
        {
            string bin = await PostgresBinaries.FindAsync(loggers, time, cancellationToken).ConfigureAwait(false);
            PostgresCluster cluster = Cluster(bin, data, logger);
            await cluster.StopLeftoverAsync(time, cancellationToken).ConfigureAwait(false);
            IPEndPoint endpoint = LoopbackPort.Resolve(Name, options.Listen);
            string password = await cluster.PrepareAsync(options, endpoint.Port, cancellationToken).ConfigureAwait(false);
            EngineSpec spec = new(Name, endpoint.ToString(), cluster.StartInfo, token => PostgresPing.AnswersAsync(endpoint, token), SigInt, options.StartTimeout, options.StopTimeout)
            {
                Diagnostics = cluster.LogTail,
            };
            EngineSupervisor supervisor = await EngineSupervisor.StartAsync(spec, logger, time, cancellationToken).ConfigureAwait(false);
            return new EmbeddedPostgres(supervisor, folder, endpoint, password);
        }
        catch
        {
            folder.Dispose();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _supervisor.DisposeAsync().ConfigureAwait(false);
        _folder.Dispose();
    }

    private static PostgresCluster Cluster(string bin, string data, ILogger logger)
    {
        ServiceUser? user = ServiceUser.Needed();
        if (user is not null && !user.CanReach(bin))
        {
            throw new EngineException($"PostgreSQL refuses root and runs as {user.Name}, who cannot enter {bin}. Set METERING_ENGINE_CACHE to a folder that others may enter.");
        }

        return new PostgresCluster(bin, PostgresFolder.Prepare(data, user, logger), data, user, logger);
    }
}
