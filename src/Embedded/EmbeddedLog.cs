using Microsoft.Extensions.Logging;

namespace Metering.Embedded;

internal static partial class EmbeddedLog
{
    [LoggerMessage(1, LogLevel.Information, "Fetching {Engine} (about {Megabytes} MB), once, into {Folder}")]
    public static partial void Fetching(ILogger logger, string engine, int megabytes, string folder);

    [LoggerMessage(2, LogLevel.Information, "{Engine} is in the cache at {Folder}")]
    public static partial void Fetched(ILogger logger, string engine, string folder);

    [LoggerMessage(3, LogLevel.Warning, "The cached {Engine} at {Folder} is damaged and is fetched again")]
    public static partial void CacheDamaged(ILogger logger, string engine, string folder);

    [LoggerMessage(4, LogLevel.Information, "{Engine} is ready on {Endpoint} after {ElapsedMs} ms")]
    public static partial void Ready(ILogger logger, string engine, string endpoint, long elapsedMs);

    [LoggerMessage(5, LogLevel.Error, "{Engine} (pid {ProcessId}) exited with code {ExitCode}; restarting in {DelayMs} ms. Last output: {Output}")]
    public static partial void Died(ILogger logger, string engine, int processId, int exitCode, long delayMs, string output);

    [LoggerMessage(6, LogLevel.Error, "{Engine} could not be restarted; trying again in {DelayMs} ms")]
    public static partial void RestartFailed(ILogger logger, Exception exception, string engine, long delayMs);

    [LoggerMessage(7, LogLevel.Information, "{Engine} stopped")]
    public static partial void Stopped(ILogger logger, string engine);

    [LoggerMessage(8, LogLevel.Warning, "{Engine} did not stop within {TimeoutMs} ms and was killed")]
    public static partial void Killed(ILogger logger, string engine, long timeoutMs);

    [LoggerMessage(9, LogLevel.Debug, "{Engine}: {Line}")]
    public static partial void Output(ILogger logger, string engine, string line);

    [LoggerMessage(10, LogLevel.Warning, "The package {Package} is not available ({Reason}); using the installed PostgreSQL in {Folder}")]
    public static partial void UsingInstalledPostgres(ILogger logger, string package, string reason, string folder);

    [LoggerMessage(11, LogLevel.Warning, "PostgreSQL runs as {User} because it refuses root, and {User} cannot reach {Folder}: its files are in {Actual} (linked from there)")]
    public static partial void PostgresRelocated(ILogger logger, string user, string folder, string actual);

    [LoggerMessage(12, LogLevel.Information, "Creating a PostgreSQL cluster in {Folder}")]
    public static partial void CreatingCluster(ILogger logger, string folder);

    [LoggerMessage(13, LogLevel.Warning, "A PostgreSQL left over from an earlier run (pid {ProcessId}) still uses {Folder}; stopping it")]
    public static partial void StoppingLeftover(ILogger logger, int processId, string folder);
}
