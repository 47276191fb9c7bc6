using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Metering.EndToEnd.Tests.Faults;

/// <summary>Scenarios that suites of their own play: the crash sweep on the real engines, a restored dump, and the simulation. Their numbers are what they print.</summary>
internal static class Suites
{
    public static IReadOnlyList<FaultRow> Rows { get; } =
    [
        new("scenario 1", "crash sweep", "the suite CrashTests: the aggregator dies before and after the n-th call of 75 lives to ClickHouse, and at named steps", CrashSweepAsync),
        new("P6", "dump restored", "the suite RestoreTests: pg_dump of a tenant in mid-life into a new database, then corrections and invoices on both, compared to the byte", RestoreAsync),
        new("scenario 4", "seal race", "the simulation, 3,000 seeds: slow, silent and never-used partitions, flushes pending across seals, late events", SimulationAsync),
    ];

    private static async Task<FaultResult> CrashSweepAsync(FaultRow row) =>
        Result(row, await RunAsync(Program("Metering.Aggregator.Tests", "debug"), "--filter-class", "*CrashTests*", "--no-ansi", "--progress", "off"));

    /// <summary>On the server that pg_dump came with: it dumps none that is newer.</summary>
    private static async Task<FaultResult> RestoreAsync(FaultRow row)
    {
        string bin = Directory.EnumerateDirectories("/usr/lib", "postgresql").SelectMany(Directory.EnumerateDirectories).Select(version => Path.Combine(version, "bin"))
            .LastOrDefault(folder => File.Exists(Path.Combine(folder, "pg_dump")) && File.Exists(Path.Combine(folder, "initdb")))
            ?? throw new InvalidOperationException("pg_dump and its server are not installed, and this row is made with them: apt-get install postgresql");
        ProcessStartInfo start = new(Program("Metering.BillingCore.Tests", "debug"), ["--filter-class", "*RestoreTests", "--explicit", "only", "--no-ansi", "--progress", "off"]);
        start.Environment["METERING_POSTGRES_BIN"] = bin;
        start.Environment["PATH"] = $"{bin}:{Environment.GetEnvironmentVariable("PATH")}";
        return Result(row, await RunAsync(start));
    }

    private static FaultResult Result(FaultRow row, string output)
    {
        int passed = Number(output, "succeeded"), failed = Number(output, "failed");
        return new FaultResult(row, passed, 0, 0, 0, 0, null, failed == 0 && passed > 0 ? null : $"{failed} of {passed + failed} tests failed", $"{passed} tests passed");
    }

    private static async Task<FaultResult> SimulationAsync(FaultRow row)
    {
        const int Seeds = 3000;
        string output = await RunAsync(Program("Metering.Simulation", "release"), "run", "--seeds", Seeds.ToString(CultureInfo.InvariantCulture));
        string last = output.TrimEnd().Split('\n')[^1];
        return new FaultResult(row, Seeds, 0, 0, 0, 0, null, ExitedWell(output) ? null : last, last);
    }

    private static string Program(string project, string configuration) =>
        Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "..", "..", project, configuration, project));

    private static Task<string> RunAsync(string program, params string[] arguments) => RunAsync(new ProcessStartInfo(program, arguments));

    private static async Task<string> RunAsync(ProcessStartInfo start)
    {
        start.RedirectStandardOutput = true;
        using Process process = Process.Start(start)!;
        string output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return process.ExitCode == 0 ? output : output + Failed;
    }

    private const string Failed = "\nended with an error";

    private static bool ExitedWell(string output) => !output.EndsWith(Failed, StringComparison.Ordinal);

    private static int Number(string output, string name) =>
        int.Parse(Regex.Match(output, $@"^\s*{name}: ([0-9]+)", RegexOptions.Multiline).Groups[1].Value, CultureInfo.InvariantCulture);
}
