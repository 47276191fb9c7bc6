using Metering.Embedded.ClickHouse.Http;
using Metering.Embedded.ClickHouse.Native;
using Metering.Embedded.Processes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using System.Runtime.InteropServices;

namespace Metering.Embedded.ClickHouse;

/// <summary>
/// The child process: ClickHouse's engine behind ClickHouse's HTTP interface. The host calls it for the hidden command that
/// <see cref="EmbeddedClickHouseOptions.Command"/> names. It ends on SIGTERM, and when its standard input closes because the parent is gone.
/// </summary>
public static class ClickHouseServerProcess
{
    private static readonly TimeSpan DrainTimeout = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan HardStop = TimeSpan.FromSeconds(10);

    /// <summary>The arguments after the hidden command. Returns the exit code.</summary>
    public static async Task<int> RunAsync(string[] args)
    {
        ArgumentNullException.ThrowIfNull(args);
        ClickHouseServerOptions options = ClickHouseServerOptions.FromArguments(args);

        // Statements block a thread each while the engine works; the pool must not hesitate to have that many.
        ThreadPool.SetMinThreads(2 * (options.MaxConcurrentReads + options.MaxConcurrentWrites), Environment.ProcessorCount);
        using CancellationTokenSource stop = new();
        using PosixSignalRegistration term = PosixSignalRegistration.Create(PosixSignal.SIGTERM, signal => Stop(signal, stop));
        using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, signal => signal.Cancel = true);
        WatchParent(stop);

        Directory.CreateDirectory(options.DataPath);
        using FolderLock folder = await EngineFolder.TakeAsync(options.DataPath, TimeProvider.System, stop.Token).ConfigureAwait(false);
        using ChdbEngine engine = new(options.LibraryPath, options.DataPath);
        await ServeAsync(engine, options, stop.Token).ConfigureAwait(false);
        return 0;
    }

    private static async Task ServeAsync(ChdbEngine engine, ClickHouseServerOptions options, CancellationToken stop)
    {
        using QueryRunner runner = new(engine, options, ReadVersion(engine), TimeProvider.System);
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(options.Endpoint);
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = options.MaxBodyBytes;
            kestrel.Limits.MaxRequestLineSize = 1024 * 1024;
            kestrel.Limits.MaxRequestBufferSize = 4 * 1024 * 1024;
            kestrel.Limits.MaxResponseBufferSize = 0;
            kestrel.Limits.MinRequestBodyDataRate = null;
            kestrel.Limits.MinResponseDataRate = null;
        });
        builder.Services.Configure<Microsoft.Extensions.Hosting.HostOptions>(host => host.ShutdownTimeout = DrainTimeout);
        await using WebApplication app = builder.Build();
        app.Run(http => HandleAsync(http, runner));
        await app.StartAsync(CancellationToken.None).ConfigureAwait(false);
        await WaitAsync(stop).ConfigureAwait(false);
        engine.KillAll();
        await app.StopAsync(CancellationToken.None).ConfigureAwait(false);
    }

    private static Task HandleAsync(HttpContext http, QueryRunner runner)
    {
        string path = http.Request.Path.Value ?? "/";
        if (!LocalCaller.Allows(http.Request))
        {
            http.Response.StatusCode = StatusCodes.Status403Forbidden;
            return http.Response.WriteAsync("The embedded ClickHouse answers programs on this machine, not web pages from elsewhere.\n");
        }

        bool reads = HttpMethods.IsGet(http.Request.Method) || HttpMethods.IsHead(http.Request.Method);
        if (path is "/ping" or "/replicas_status" || (path == "/" && reads && !http.Request.Query.ContainsKey("query")))
        {
            http.Response.ContentType = "text/html; charset=UTF-8";
            return http.Response.WriteAsync("Ok.\n");
        }

        if (path is "/" or "/query" && (reads || HttpMethods.IsPost(http.Request.Method)))
        {
            return runner.HandleAsync(http);
        }

        http.Response.StatusCode = StatusCodes.Status404NotFound;
        return http.Response.WriteAsync($"There is no handle {path}\n\nUse / or /ping for health checks, and POST / for queries.\n");
    }

    private static string ReadVersion(ChdbEngine engine)
    {
        using ChdbConnection connection = engine.Connect();
        return connection.Execute("SELECT version()").Trim();
    }

    private static void WatchParent(CancellationTokenSource stop)
    {
        Thread watcher = new(() =>
        {
            using Stream input = Console.OpenStandardInput();
            Span<byte> ignored = stackalloc byte[16];
            while (input.Read(ignored) > 0)
            {
            }

            BeginStop(stop);
        })
        { IsBackground = true, Name = "parent watch" };
        watcher.Start();
    }

    private static void Stop(PosixSignalContext signal, CancellationTokenSource stop)
    {
        signal.Cancel = true;
        BeginStop(stop);
    }

    /// <summary>A statement that does not yield must not keep the process: the engine survives being killed, an orphan is worse.</summary>
    private static void BeginStop(CancellationTokenSource stop)
    {
        _ = Task.Delay(HardStop, TimeProvider.System, CancellationToken.None)
            .ContinueWith(_ => EngineProcess.Kill(Environment.ProcessId, 9), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        try
        {
            stop.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // Both the signal and the closed pipe asked; the first was enough.
        }
    }

    private static async Task WaitAsync(CancellationToken stop)
    {
        try
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, stop).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
        }
    }
}
