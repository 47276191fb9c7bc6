using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.RegularExpressions;

namespace Metering.LoadGenerator.Kafka;

/// <summary>The built <c>metering</c> as a child process.</summary>
internal sealed partial class RoleProcess : IAsyncDisposable
{
    private const int SignalTerminate = 15;
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(1);

    private readonly Process _process;
    private readonly StringBuilder _errors = new();

    private RoleProcess(Process process)
    {
        _process = process;
        _process.ErrorDataReceived += (_, line) => _errors.AppendLine(line.Data);
        _process.BeginErrorReadLine();
    }

    /// <summary>Built beside this program, in the same configuration.</summary>
    public static string Program { get; } = FindProgram();

    public int Id => _process.Id;

    public Uri Http { get; private set; } = null!;

    /// <summary>When it said so, on the clock of <see cref="Stopwatch"/>.</summary>
    public long ReadyAt { get; private set; }

    /// <summary>The processor time it had taken by then.</summary>
    public TimeSpan BusyWhenReady { get; private set; }

    /// <summary>Starts roles and returns when they are ready.</summary>
    public static async Task<RoleProcess> ServeAsync(string roles, string data, IReadOnlyDictionary<string, string> environment)
    {
        string[] arguments = ["serve", "--roles", roles, "--data", data, "--http", "127.0.0.1:0", "--grpc", "127.0.0.1:0"];
        RoleProcess role = new(Start(arguments, environment));
        try
        {
            role.Http = new Uri(await role.ReadyAsync().WaitAsync(s_patience));
            role.ReadyAt = Stopwatch.GetTimestamp();
            role.BusyWhenReady = ServerProcesses.Busy(role.Id);
            return role;
        }
        catch
        {
            await role.DisposeAsync();
            throw;
        }
    }

    /// <summary>A command that ends.</summary>
    /// <returns>What it has printed.</returns>
    public static async Task<string> RunAsync(params string[] arguments)
    {
        await using RoleProcess command = new(Start(arguments, new Dictionary<string, string>()));
        string output = await command._process.StandardOutput.ReadToEndAsync().WaitAsync(s_patience);
        await command._process.WaitForExitAsync().WaitAsync(s_patience);
        return command._process.ExitCode == 0 ? output.Trim() : throw new InvalidOperationException(command._errors.ToString());
    }

    /// <summary>SIGTERM: it flushes what it has gathered and gives its leases back. Killed when that takes longer than a minute.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _ = Kill(Id, SignalTerminate);
            try
            {
                await _process.WaitForExitAsync().WaitAsync(s_patience);
            }
            catch (TimeoutException)
            {
                _process.Kill();
            }
        }

        _process.Dispose();
    }

    private async Task<string> ReadyAsync()
    {
        while (await _process.StandardOutput.ReadLineAsync() is { } line)
        {
            if (ReadyLine().Match(line) is { Success: true } ready)
            {
                _ = _process.StandardOutput.ReadToEndAsync(); // nothing more is expected, but a full pipe would stop it
                return ready.Groups[1].Value;
            }
        }

        await _process.WaitForExitAsync();
        throw new InvalidOperationException($"metering did not start: {_errors}");
    }

    private static Process Start(string[] arguments, IReadOnlyDictionary<string, string> environment)
    {
        ProcessStartInfo start = new(Program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach ((string name, string value) in environment)
        {
            start.Environment[name] = value;
        }

        return Process.Start(start)!;
    }

    private static string FindProgram()
    {
        string own = Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory);
        string path = Path.GetFullPath(Path.Combine(own, "..", "..", "Metering.Host", Path.GetFileName(own), "metering"));
        return File.Exists(path) ? path : throw new FileNotFoundException("Build the program first: dotnet build -c Release src/Host.", path);
    }

    [GeneratedRegex(@"^metering is ready: http (\S+) ")]
    private static partial Regex ReadyLine();

    [DllImport("libc", EntryPoint = "kill")]
    private static extern int Kill(int processId, int signal);
}
