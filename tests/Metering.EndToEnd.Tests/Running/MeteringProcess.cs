using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.RegularExpressions;
using Xunit;

namespace Metering.EndToEnd.Tests.Running;

/// <summary>
/// <c>metering up</c>, or <c>metering serve</c> with chosen roles, as a child process on a folder of its own. It can be killed, stopped, and started again on
/// the same folder and ports.
/// </summary>
internal sealed partial class MeteringProcess : IAsyncDisposable
{
    private const int SignalKill = 9;
    private const int SignalTerminate = 15;
    private const int SignalContinue = 18;
    private const int SignalStop = 19;
    private static readonly TimeSpan s_startDeadline = TimeSpan.FromMinutes(1);

    private readonly string? _roles;
    private readonly IReadOnlyDictionary<string, string> _environment;
    private readonly StringBuilder _errors = new();
    private Process? _process;

    private MeteringProcess(string folder, string? roles, IReadOnlyDictionary<string, string> environment)
    {
        Folder = folder;
        _roles = roles;
        _environment = environment;
    }

    public string Folder { get; }

    public string Http { get; private set; } = "127.0.0.1:0";

    public string Grpc { get; private set; } = "127.0.0.1:0";

    public string ClickHouse { get; private set; } = "127.0.0.1:0";

    public string Postgres { get; private set; } = "127.0.0.1:0";

    public int ProcessId => _process!.Id;

    /// <summary>Of the newest start: from the process being made to its line that says it is ready.</summary>
    public TimeSpan StartTime { get; private set; }

    /// <summary>Everything it has written to standard error, over all its starts.</summary>
    public string Errors
    {
        get
        {
            lock (_errors)
            {
                return _errors.ToString();
            }
        }
    }

    /// <summary>Minutes are sealed as soon as they are over, seals follow closely, and so do the audit's counts.</summary>
    public static IReadOnlyDictionary<string, string> SealsQuickly { get; } = new Dictionary<string, string>
    {
        ["METERING_Aggregator__AllowedLateness"] = "00:00:00",
        ["METERING_Aggregator__SealInterval"] = "00:00:00.500",
        ["METERING_Aggregator__TickFlushInterval"] = "00:00:00.500",
        ["METERING_Aggregator__AuditInterval"] = "00:00:01",
    };

    public static Task<MeteringProcess> StartAsync(IReadOnlyDictionary<string, string>? environment = null) => StartAsync(null, environment ?? SealsQuickly);

    /// <param name="roles">Of <c>serve</c>.</param>
    /// <param name="environment">Says where the stores are.</param>
    public static Task<MeteringProcess> ServeAsync(string roles, IReadOnlyDictionary<string, string> environment) => StartAsync(roles, environment);

    private static async Task<MeteringProcess> StartAsync(string? roles, IReadOnlyDictionary<string, string> environment)
    {
        string folder = Directory.CreateTempSubdirectory("metering-e2e-").FullName;

        // PostgreSQL runs as another user when we are root, and has to be able to enter.
        File.SetUnixFileMode(folder, File.GetUnixFileMode(folder) | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);
        MeteringProcess metering = new(folder, roles, environment);
        await metering.StartAgainAsync();
        return metering;
    }

    /// <summary>Another instance, which is expected to refuse.</summary>
    public static async Task<(int ExitCode, string Errors)> RunToExitAsync(params string[] arguments)
    {
        (int exitCode, _, string errors) = await RunAsync(arguments);
        return (exitCode, errors);
    }

    /// <summary>A command that ends.</summary>
    public static Task<(int ExitCode, string Output, string Errors)> RunAsync(params string[] arguments) => RunAsync(new Dictionary<string, string>(), arguments);

    /// <inheritdoc cref="RunAsync(string[])"/>
    public static async Task<(int ExitCode, string Output, string Errors)> RunAsync(IReadOnlyDictionary<string, string> environment, params string[] arguments)
    {
        using Process process = Process.Start(StartInfo(arguments, environment))!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        try
        {
            await process.WaitForExitAsync().WaitAsync(s_startDeadline);
        }
        finally
        {
            process.Kill();
        }

        return (process.ExitCode, await output, await errors);
    }

    public MeteringClient NewClient() => new(new Uri(Http), new Uri(ClickHouse));

    public async Task StartAgainAsync()
    {
        long started = Stopwatch.GetTimestamp();
        string[] addresses = ["--data", Path.Combine(Folder, "data"), "--http", Address(Http), "--grpc", Address(Grpc)];
        _process = Process.Start(StartInfo(
            _roles is null ? ["up", .. addresses, "--clickhouse", Address(ClickHouse), "--postgres", Address(Postgres)] : ["serve", "--roles", _roles, .. addresses], _environment))!;
        _process.ErrorDataReceived += (_, line) => Append(line.Data);
        _process.BeginErrorReadLine();
        string? ready;
        do
        {
            ready = await _process.StandardOutput.ReadLineAsync().WaitAsync(s_startDeadline);
        }
        while (ready is not null && !ready.StartsWith("metering is ready", StringComparison.Ordinal));
        StartTime = Stopwatch.GetElapsedTime(started);
        Match where = ReadyLine().Match(ready ?? "");
        Assert.True(where.Success, $"metering did not start: {ready}\n{Errors}");
        Http = where.Groups[1].Value;
        Grpc = where.Groups[2].Value;
        ClickHouse = where.Groups[3].Value;
        Postgres = where.Groups[4].Value;
    }

    /// <summary>SIGKILL to the program and nothing else: its engines have to notice by themselves.</summary>
    public async Task KillAsync()
    {
        _process!.Kill();
        await _process.WaitForExitAsync();
    }

    /// <summary>SIGSTOP to the program, not to its engines.</summary>
    public void Pause() => Pause(ProcessId);

    /// <summary>SIGCONT: it goes on where it was, and does not know how long it slept.</summary>
    public void Continue() => Continue(ProcessId);

    /// <inheritdoc cref="Pause()"/>
    public static void Pause(int processId) => Assert.Equal(0, Kill(processId, SignalStop));

    /// <inheritdoc cref="Continue()"/>
    public static void Continue(int processId) => Assert.Equal(0, Kill(processId, SignalContinue));

    /// <summary>SIGKILL.</summary>
    public static void Kill(int processId) => Assert.Equal(0, Kill(processId, SignalKill));

    /// <summary>SIGTERM.</summary>
    /// <returns>The exit code, and how long it took.</returns>
    public async Task<(int ExitCode, TimeSpan Took)> StopAsync()
    {
        long asked = Stopwatch.GetTimestamp();
        Assert.Equal(0, Kill(ProcessId, SignalTerminate));
        await _process!.WaitForExitAsync().WaitAsync(TimeSpan.FromMinutes(1));
        return (_process.ExitCode, Stopwatch.GetElapsedTime(asked));
    }

    /// <summary>The engines it started.</summary>
    public IReadOnlyList<int> Children() => [.. Directory.GetDirectories($"/proc/{ProcessId}/task")
        .SelectMany(task => File.ReadAllText(Path.Combine(task, "children")).Split(' ', StringSplitOptions.RemoveEmptyEntries))
        .Select(id => int.Parse(id, CultureInfo.InvariantCulture))];

    public async ValueTask DisposeAsync()
    {
        if (_process is { HasExited: false })
        {
            IReadOnlyList<int> engines = Children();
            await KillAsync();
            await Eventually.TrueAsync(() => Task.FromResult(engines.All(IsGone)), "the engines are gone");
        }

        Directory.Delete(Folder, recursive: true);
    }

    /// <summary>Ended; one that nobody has waited for is still listed, as a zombie.</summary>
    public static bool IsGone(int processId)
    {
        try
        {
            return File.ReadAllText($"/proc/{processId}/stat").Split(") ")[^1].StartsWith('Z');
        }
        catch (IOException)
        {
            return true;
        }
    }

    private static ProcessStartInfo StartInfo(string[] arguments, IReadOnlyDictionary<string, string> environment)
    {
        ProcessStartInfo start = new(Path.Combine(AppContext.BaseDirectory, "metering"), arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach ((string name, string value) in environment)
        {
            start.Environment[name] = value;
        }

        return start;
    }

    private static string Address(string url) => url.Replace("http://", "", StringComparison.Ordinal);

    private void Append(string? line)
    {
        lock (_errors)
        {
            _errors.AppendLine(line);
        }
    }

    [GeneratedRegex(@"^metering is ready: http (\S+)  grpc (\S+)  clickhouse (\S+)  postgres (\S+)  data ")]
    private static partial Regex ReadyLine();

    [DllImport("libc", EntryPoint = "kill")]
    private static extern int Kill(int processId, int signal);
}
