using Metering.Embedded.Packages;
using Microsoft.Extensions.Logging;

namespace Metering.Embedded.Postgres;

/// <summary>Where `postgres` and `initdb` are: `METERING_POSTGRES_BIN`, else the pinned npm package, else an installed PostgreSQL.</summary>
internal static class PostgresBinaries
{
    public static async Task<string> FindAsync(ILoggerFactory loggers, TimeProvider time, CancellationToken cancellationToken)
    {
        if (Environment.GetEnvironmentVariable("METERING_POSTGRES_BIN") is { Length: > 0 } chosen)
        {
            return IsBinFolder(chosen) ? chosen : throw new EngineException($"METERING_POSTGRES_BIN is {chosen}, which does not hold both postgres and initdb.");
        }

        try
        {
            string package = await EngineCache.Open(loggers, time).GetAsync(EnginePackage.Postgres, cancellationToken).ConfigureAwait(false);
            return Path.Combine(package, Path.GetDirectoryName(EnginePackage.Postgres.MainFile)!);
        }
        catch (EngineException exception)
        {
            string installed = Installed().FirstOrDefault(IsBinFolder) ?? throw new EngineException(
                $"{exception.Message} No installed PostgreSQL was found either: install one, set METERING_POSTGRES_BIN, or pass a connection string.", exception);
            EmbeddedLog.UsingInstalledPostgres(loggers.CreateLogger<EmbeddedPostgres>(), EnginePackage.Postgres.Package, exception.Message, installed);
            return installed;
        }
    }

    private static IEnumerable<string> Installed()
    {
        foreach (string folder in (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries))
        {
            FileInfo postgres = new(Path.Combine(folder, "postgres"));
            if (postgres.Exists)
            {
                yield return Path.GetDirectoryName(postgres.ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? postgres.FullName)!;
            }
        }

        const string Debian = "/usr/lib/postgresql";
        if (Directory.Exists(Debian))
        {
            foreach (string version in Directory.GetDirectories(Debian).OrderByDescending(path => int.TryParse(Path.GetFileName(path), out int major) ? major : 0))
            {
                yield return Path.Combine(version, "bin");
            }
        }
    }

    private static bool IsBinFolder(string folder) => File.Exists(Path.Combine(folder, "postgres")) && File.Exists(Path.Combine(folder, "initdb"));
}
