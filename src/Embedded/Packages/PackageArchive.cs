using System.Formats.Tar;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text.Json;

namespace Metering.Embedded.Packages;

/// <summary>Unpacks an npm tarball and does what its install script would do, because npm may hold install scripts back.</summary>
internal static class PackageArchive
{
    private const string Prefix = "package/";
    private const string SymlinkList = "native/pg-symlinks.json";

    public static async Task ExtractAsync(string tarball, EnginePackage package, string folder, CancellationToken cancellationToken)
    {
        await ExtractFilesAsync(tarball, folder, cancellationToken).ConfigureAwait(false);
        CreateSymlinks(folder);
        await VerifyMainFileAsync(package, folder, cancellationToken).ConfigureAwait(false);
    }

    private static async Task ExtractFilesAsync(string tarball, string folder, CancellationToken cancellationToken)
    {
        await using FileStream file = File.OpenRead(tarball);
        await using GZipStream gzip = new(file, CompressionMode.Decompress);
        await using TarReader tar = new(gzip);
        while (await tar.GetNextEntryAsync(copyData: false, cancellationToken).ConfigureAwait(false) is { } entry)
        {
            if (entry.EntryType is TarEntryType.RegularFile or TarEntryType.V7RegularFile)
            {
                string target = Inside(folder, entry.Name.StartsWith(Prefix, StringComparison.Ordinal) ? entry.Name[Prefix.Length..] : entry.Name);
                Directory.CreateDirectory(Path.GetDirectoryName(target)!);
                await entry.ExtractToFileAsync(target, overwrite: false, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private static void CreateSymlinks(string folder)
    {
        string list = Path.Combine(folder, SymlinkList);
        if (!File.Exists(list))
        {
            return;
        }

        foreach (SymlinkEntry link in JsonSerializer.Deserialize(File.ReadAllText(list), EnginePackageJson.Default.SymlinkEntryArray)!)
        {
            string target = Inside(folder, link.Target);
            string source = Inside(folder, link.Source);
            File.CreateSymbolicLink(target, Path.GetRelativePath(Path.GetDirectoryName(target)!, source));
        }
    }

    private static async Task VerifyMainFileAsync(EnginePackage package, string folder, CancellationToken cancellationToken)
    {
        await using FileStream stream = File.OpenRead(Path.Combine(folder, package.MainFile));
        string actual = Convert.ToHexStringLower(await SHA256.HashDataAsync(stream, cancellationToken).ConfigureAwait(false));
        if (actual != package.MainFileSha256)
        {
            throw new EngineException($"{package.MainFile} of {package.Package} {package.Version} is not the pinned file: expected {package.MainFileSha256}, got {actual}.");
        }
    }

    private static string Inside(string folder, string relative)
    {
        string full = Path.GetFullPath(Path.Combine(folder, relative));
        return full.StartsWith(folder + Path.DirectorySeparatorChar, StringComparison.Ordinal)
            ? full
            : throw new EngineException($"The package contains the path {relative}, which leads outside its folder.");
    }
}
