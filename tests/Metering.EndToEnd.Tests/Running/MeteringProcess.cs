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
    /// <summary>The thread that writes and syncs the embedded log.</summary>
    public const string LogWriter = "log write usage.events";

    private const int SignalQuit = 3;
    private const int SignalKill = 9;
    private const int SignalTerminate = 15;
    private const int SignalContinue = 18;
    private const int SignalStop = 19;
    private static readonly TimeSpan s_startDeadline = TimeSpan.FromMinutes(1);

    private readonly string? _roles;
    private readonly IReadOnlyDictionary<string, string> _environment;
    private readonly StringBuilder _errors = new();
    private IDisposable? _prepared;
    private Process? _process;

    private MeteringProcess(string folder, string? roles, IReadOnlyDictionary<string, string> environment)
    {
        Folder = folder;
        _roles = roles;
        _environment = environment;
    }

    public string Folder { get; }

    /// <summary>Its data folder.</summary>
    public string Data => Path.Combine(Folder, "data");

    /// <summary>As built with these tests.</summary>
    public static string ThisBuild { get; } = Path.Combine(AppContext.BaseDirectory, "metering");

    /// <summary>The program that is started: <see cref="ThisBuild"/>, or another build of it.</summary>
    public string Program { get; set; } = ThisBuild;

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

    /// <param name="prepareFolder">Done to its folder, and undone when it is disposed of.</param>
    public static Task<MeteringProcess> StartAsync(IReadOnlyDictionary<string, string>? environment = null, Func<string, IDisposable>? prepareFolder = null) =>
        StartAsync(null, environment ?? SealsQuickly, prepareFolder);

    /// <param name="roles">Of <c>serve</c>.</param>
    /// <param name="environment">Says where the stores are.</param>
    /// <param name="program">Another build; null for this one.</param>
    public static Task<MeteringProcess> ServeAsync(string roles, IReadOnlyDictionary<string, string> environment, string? program = null) => StartAsync(roles, environment, program: program);

    private static async Task<MeteringProcess> StartAsync(
        string? roles, IReadOnlyDictionary<string, string> environment, Func<string, IDisposable>? prepareFolder = null, string? program = null)
    {
        string folder = Directory.CreateTempSubdirectory("metering-e2e-").FullName;
        IDisposable? prepared = prepareFolder?.Invoke(folder);

        // PostgreSQL runs as another user when we are root, and has to be able to enter.
        File.SetUnixFileMode(folder, File.GetUnixFileMode(folder) | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);
        MeteringProcess metering = new(folder, roles, environment) { _prepared = prepared, Program = program ?? ThisBuild };
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
        using Process process = Process.Start(StartInfo(ThisBuild, arguments, environment))!;
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

    /// <param name="clock">Of the machine; null for the real one.</param>
    public MeteringClient NewClient(FakeClock? clock = null) => new(new Uri(Http), new Uri(ClickHouse)) { Now = () => clock?.Now ?? DateTimeOffset.UtcNow, HasFakeClock = clock is not null };

    public async Task StartAgainAsync()
    {
        long started = Stopwatch.GetTimestamp();
        _process = Process.Start(StartInfo())!;
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

    /// <summary>Starts it again where it is expected to refuse.</summary>
    public async Task<(int ExitCode, string Errors)> RefusesToStartAsync()
    {
        _process = Process.Start(StartInfo())!;
        Task<string> errors = _process.StandardError.ReadToEndAsync();
        await EndsAsync();
        return (_process.ExitCode, await errors);
    }

    /// <summary>Returns when the program has ended by itself, or by a fault.</summary>
    public Task EndsAsync() => _process!.WaitForExitAsync().WaitAsync(s_startDeadline);

    /// <summary>The thread of this name, which may be cut off at fifteen letters.</summary>
    public int Thread(string name) => Directory.GetDirectories($"/proc/{ProcessId}/task")
        .Where(task => name.StartsWith(File.ReadAllText(Path.Combine(task, "comm")).TrimEnd('\n'), StringComparison.Ordinal))
        .Select(task => int.Parse(Path.GetFileName(task), CultureInfo.InvariantCulture))
        .Single();

    /// <summary>The most memory it has had in its life, in MiB.</summary>
    public int PeakMegabytes()
    {
        string line = File.ReadLines($"/proc/{ProcessId}/status").Single(line => line.StartsWith("VmHWM:", StringComparison.Ordinal));
        return int.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1024;
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

    /// <summary>SIGQUIT, by which PostgreSQL stops at once and recovers at the next start.</summary>
    public static void Quit(int processId) => Assert.Equal(0, Kill(processId, SignalQuit));

    /// <summary>SIGTERM to a process that may just have ended by itself.</summary>
    public static void Terminate(int processId) => _ = Kill(processId, SignalTerminate);

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
    public IReadOnlyList<int> Children()
    {
        while (true)
        {
            try
            {
                return [.. Directory.GetDirectories($"/proc/{ProcessId}/task")
                    .SelectMany(task => File.ReadAllText(Path.Combine(task, "children")).Split(' ', StringSplitOptions.RemoveEmptyEntries))
                    .Select(id => int.Parse(id, CultureInfo.InvariantCulture))];
            }
            catch (IOException) when (Directory.Exists($"/proc/{ProcessId}/task"))
            {
                // A thread ended while the list was read; its children are another thread's now.
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is { HasExited: false })
        {
            IReadOnlyList<int> engines = Children();
            await KillAsync();
            await Eventually.TrueAsync(() => Task.FromResult(engines.All(IsGone)), "the engines are gone");
        }

        _prepared?.Dispose();
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

    private ProcessStartInfo StartInfo()
    {
        string[] addresses = ["--data", Data, "--http", Address(Http), "--grpc", Address(Grpc)];
        string[] arguments = _roles is null ? ["up", .. addresses, "--clickhouse", Address(ClickHouse), "--postgres", Address(Postgres)] : ["serve", "--roles", _roles, .. addresses];
        return StartInfo(Program, arguments, _environment);
    }

    private static ProcessStartInfo StartInfo(string program, string[] arguments, IReadOnlyDictionary<string, string> environment)
    {
        ProcessStartInfo start = new(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
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
