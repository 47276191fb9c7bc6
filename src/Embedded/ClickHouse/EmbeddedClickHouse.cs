using System.Diagnostics;
using System.Net;
using Metering.Embedded.Packages;
using Metering.Embedded.Processes;
using Microsoft.Extensions.Logging;

namespace Metering.Embedded.ClickHouse;

/// <summary>
/// ClickHouse as a child process on loopback: the real engine behind its HTTP interface. It accepts any user and password, as a development
/// server does, because only this machine can reach it.
/// </summary>
public sealed class EmbeddedClickHouse : IAsyncDisposable
{
    private const string Name = "ClickHouse";
    private const int SigTerm = 15;

    private readonly EngineSupervisor _supervisor;
    private readonly FolderLock _folder;

    private EmbeddedClickHouse(EngineSupervisor supervisor, FolderLock folder, Uri endpoint)
    {
        _supervisor = supervisor;
        _folder = folder;
        Endpoint = endpoint;
    }

    /// <summary>`http://127.0.0.1:port/`; the same for the life of this object, across restarts.</summary>
    public Uri Endpoint { get; }

    /// <summary>For `ClickHouse.Driver`.</summary>
    public string ConnectionString => $"Host={Endpoint.Host};Port={Endpoint.Port};Protocol=http;Username=default;Password=;Database=default";

    public int ProcessId => _supervisor.ProcessId;

    public int Restarts => _supervisor.Restarts;

    public static async Task<EmbeddedClickHouse> StartAsync(
        EmbeddedClickHouseOptions options, ILoggerFactory loggers, TimeProvider time, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        string data = Path.GetFullPath(options.DataPath);
        string engine = Path.Combine(data, "engine");
        Directory.CreateDirectory(engine);
        FolderLock folder = FolderLock.TakeDataFolder(Name, data);
        try
        {
            string package = await EngineCache.Open(loggers, time).GetAsync(EnginePackage.ClickHouse, cancellationToken).ConfigureAwait(false);
            (await EngineFolder.TakeAsync(engine, time, cancellationToken).ConfigureAwait(false)).Dispose();
            IPEndPoint endpoint = LoopbackPort.Resolve(Name, options.Listen);
            Uri address = new($"http://{endpoint}/");
            ClickHouseServerOptions server = ServerOptions(options, Path.Combine(package, EnginePackage.ClickHouse.MainFile), engine, endpoint);
            HttpPing ping = new(address);
            EngineSpec spec = new(Name, address.ToString(), () => StartInfo(options.Command, server), ping.AnswersAsync, SigTerm, options.StartTimeout, options.StopTimeout);
            EngineSupervisor supervisor = await EngineSupervisor.StartAsync(spec, loggers.CreateLogger<EmbeddedClickHouse>(), time, cancellationToken).ConfigureAwait(false);
            return new EmbeddedClickHouse(supervisor, folder, address);
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

    private static ClickHouseServerOptions ServerOptions(EmbeddedClickHouseOptions options, string library, string engine, IPEndPoint endpoint) => new()
    {
        LibraryPath = library,
        DataPath = engine,
        Endpoint = endpoint,
        MaxConcurrentReads = options.MaxConcurrentReads,
        MaxConcurrentWrites = options.MaxConcurrentWrites,
        MaxQueued = options.MaxQueued,
        QueuePatience = options.QueuePatience,
        MaxBodyBytes = options.MaxBodyBytes,
        MaxBufferedResultBytes = options.MaxBufferedResultBytes,
        MaxQueryMemoryBytes = options.MaxQueryMemoryBytes ?? (ulong)GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 2,
    };

    private static ProcessStartInfo StartInfo(EngineCommand command, ClickHouseServerOptions server)
    {
        ProcessStartInfo start = new(command.FileName, [.. command.Arguments, .. server.ToArguments()]);

        // The engine takes its time zone from here: DateTime without one means UTC everywhere in the product.
        start.Environment["TZ"] = "UTC";

        // It brings its own allocator and keeps time by itself: an allocator or a clock that is loaded into this process is not for it. (Under libfaketime one of its threads never waits.)
        start.Environment.Remove("LD_PRELOAD");
        return start;
    }
}
