using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Metering.Embedded.Packages;

/// <summary>One pinned engine: what to fetch, and the hashes that say it is what was pinned.</summary>
public sealed record EnginePackage(
    string DisplayName,
    string Package,
    string Version,
    string Integrity,
    string MainFile,
    string MainFileSha256,
    int DownloadMegabytes)
{
    private static readonly Lazy<EngineLockFile> Lock = new(ReadLockFile);

    public static EnginePackage ClickHouse => Lock.Value.ClickHouse;

    public static EnginePackage Postgres => Lock.Value.Postgres;

    private static EngineLockFile ReadLockFile()
    {
        using Stream stream = Assembly.GetExecutingAssembly().GetManifestResourceStream("engines.lock.json")!;
        return JsonSerializer.Deserialize(stream, EnginePackageJson.Default.EngineLockFile)!;
    }
}

internal sealed record EngineLockFile(EnginePackage ClickHouse, EnginePackage Postgres);

/// <summary>Written last into a cache entry: the size of every file, so that a truncated or half-deleted entry shows.</summary>
internal sealed record CacheMarker(string Integrity, Dictionary<string, long> Files);

internal sealed record SymlinkEntry(string Source, string Target);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, PropertyNameCaseInsensitive = true)]
[JsonSerializable(typeof(EngineLockFile))]
[JsonSerializable(typeof(CacheMarker))]
[JsonSerializable(typeof(SymlinkEntry[]))]
internal sealed partial class EnginePackageJson : JsonSerializerContext;
