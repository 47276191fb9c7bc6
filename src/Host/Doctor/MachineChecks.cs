using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Metering.Embedded.Packages;
using Metering.Host.Settings;

namespace Metering.Host.Doctor;

/// <summary>What the machine must have.</summary>
internal static class MachineChecks
{
    private const long LeastFreeBytes = 1L << 30;
    private static readonly TimeSpan s_clockTolerance = TimeSpan.FromSeconds(2);

    public static Finding Runtime() => Environment.Version.Major >= 10
        ? Finding.Good(".NET", RuntimeInformation.FrameworkDescription)
        : Finding.Bad(".NET", RuntimeInformation.FrameworkDescription, "Install .NET 10: https://dotnet.microsoft.com/download");

    public static async Task<Finding> EnginesAsync(MeteringSettings settings, CancellationToken cancellationToken)
    {
        EnginePackage[] needed =
        [
            .. MeteringSettings.IsAddress(settings.ClickHouse) ? [EnginePackage.ClickHouse] : Array.Empty<EnginePackage>(),
            .. MeteringSettings.IsAddress(settings.Postgres) ? [EnginePackage.Postgres] : Array.Empty<EnginePackage>(),
        ];
        EnginePackage[] missing = [.. needed.Where(package => !IsCached(package))];
        if (missing.Length == 0)
        {
            return Finding.Good("engines", needed.Length == 0 ? "servers of your own" : $"in {EngineCache.DefaultRoot()}");
        }

        string names = string.Join(" and ", missing.Select(package => string.Create(CultureInfo.InvariantCulture, $"{package.DisplayName} ({package.DownloadMegabytes} MB)")));
        return await NpmVersionAsync(cancellationToken) is { } npm
            ? Finding.Good("engines", $"{names} will be fetched with npm {npm} at the first start")
            : Finding.Bad("engines", $"{names} cannot be fetched: npm is not on the PATH", "Install Node.js (it brings npm), or pass --clickhouse and --postgres with servers of your own.");
    }

    public static Finding DataFolder(MeteringSettings settings)
    {
        string probe = Path.Combine(settings.Data, ".doctor");
        try
        {
            Directory.CreateDirectory(settings.Data);
            File.WriteAllText(probe, "");
            long free = new DriveInfo(settings.Data).AvailableFreeSpace;
            string text = string.Create(CultureInfo.InvariantCulture, $"{settings.Data}, writable, {free / 1e9:0.0} GB free");
            return free >= LeastFreeBytes ? Finding.Good("data folder", text) : Finding.Bad("data folder", text, "Make room, or choose another folder with --data.");
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            return Finding.Bad("data folder", problem.Message, "Choose a folder that you may write to with --data.");
        }
        finally
        {
            File.Delete(probe);
        }
    }

    /// <summary>Seals go by clocks: one that is off would seal minutes too early or never.</summary>
    public static Finding Clock(MeteringSettings settings, TimeProvider time)
    {
        string probe = Path.Combine(Directory.Exists(settings.Data) ? settings.Data : Path.GetTempPath(), ".doctor-clock");
        try
        {
            File.WriteAllText(probe, "");
            TimeSpan difference = (time.GetUtcNow().UtcDateTime - File.GetLastWriteTimeUtc(probe)).Duration();
            string text = string.Create(CultureInfo.InvariantCulture, $"{time.GetUtcNow():yyyy-MM-dd HH:mm:ss} UTC, {difference.TotalMilliseconds:0} ms from the file system's");
            return difference < s_clockTolerance && time.GetUtcNow().Year >= 2024 ? Finding.Good("clock", text) : Finding.Bad("clock", text, "Set the clock, and keep it with NTP.");
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            return Finding.Bad("clock", problem.Message, "Mend the data folder first.");
        }
        finally
        {
            File.Delete(probe);
        }
    }

    private static bool IsCached(EnginePackage package) => Directory.Exists(EngineCache.DefaultRoot())
        && Directory.EnumerateDirectories(EngineCache.DefaultRoot(), $"*-{package.Version}")
            .Any(folder => File.Exists(Path.Combine(folder, package.MainFile)));

    private static async Task<string?> NpmVersionAsync(CancellationToken cancellationToken)
    {
        try
        {
            using Process npm = Process.Start(new ProcessStartInfo("npm", ["--version"]) { RedirectStandardOutput = true })!;
            string version = await npm.StandardOutput.ReadToEndAsync(cancellationToken);
            await npm.WaitForExitAsync(cancellationToken);
            return npm.ExitCode == 0 ? version.Trim() : null;
        }
        catch (Win32Exception)
        {
            return null;
        }
    }
}
