using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Metering.Embedded.Processes;
using Microsoft.Extensions.Logging;

namespace Metering.Embedded.Postgres;

/// <summary>The files of one PostgreSQL: made once, configured at every start.</summary>
internal sealed class PostgresCluster(string bin, string folder, string dataPath, ServiceUser? user, ILogger logger)
{
    public const string Database = "metering";
    public const string Role = "metering";
    private const int SigQuit = 3;
    private const int SigKill = 9;
    private static readonly TimeSpan LeftoverPatience = TimeSpan.FromSeconds(10);

    public string Folder => folder;

    public string PasswordFile => Path.Combine(dataPath, "password");

    private string Data => Path.Combine(folder, "data");

    private string LogFile => Path.Combine(folder, "postgres.log");

    /// <summary>Makes the cluster if it is not there, and returns the password of its only role. No leftover may run: its files come and go.</summary>
    public async Task<string> PrepareAsync(EmbeddedPostgresOptions options, int port, CancellationToken cancellationToken)
    {
        user?.Own(folder);
        if (!File.Exists(PasswordFile) || !Directory.Exists(Data))
        {
            await CreateAsync(cancellationToken).ConfigureAwait(false);
        }

        CheckVersion();
        await WriteConfigurationAsync(options, port, cancellationToken).ConfigureAwait(false);
        return (await File.ReadAllTextAsync(PasswordFile, cancellationToken).ConfigureAwait(false)).Trim();
    }

    /// <summary>
    /// The process id is the postmaster's, through every exec. A watcher beside it (fd 3 is the pipe from us) asks for a fast shutdown when we
    /// are gone, insists when that takes too long, and goes when PostgreSQL is gone, because its number may soon be another process's. It is
    /// started through a subshell so that it is nobody's child by then.
    /// In a session of its own, because Ctrl-C in a terminal goes to every process there: PostgreSQL has to wait until we have drained into it.
    /// </summary>
    public ProcessStartInfo StartInfo()
    {
        const string Script =
            """
            exec 3<&0
            ( { cat >/dev/null; kill -INT $$; for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do sleep 1; kill -0 $$ || exit; done; kill -QUIT $$; } <&3 >/dev/null 2>&1 & )
            if command -v setsid >/dev/null; then set -- setsid "$@"; fi
            exec "$@" </dev/null 3<&- >>"$METERING_POSTGRES_LOG" 2>&1
            """;
        string[] command = ServiceUser.Command(user, "sh", "-c", Script, "sh", Path.Combine(bin, "postgres"), "-D", Data);
        return new ProcessStartInfo(command[0], command[1..])
        {
            WorkingDirectory = folder,
            Environment = { ["METERING_POSTGRES_LOG"] = LogFile, ["TZ"] = "UTC", ["LC_ALL"] = "C" },
        };
    }

    public string LogTail()
    {
        if (!File.Exists(LogFile))
        {
            return "(no log)";
        }

        return string.Join(Environment.NewLine, File.ReadLines(LogFile).TakeLast(20));
    }

    /// <summary>
    /// We hold the folder's lock, so a postmaster that is still there has lost its parent and is on its way out. It is given time, then ended:
    /// PostgreSQL recovers from its write-ahead log.
    /// </summary>
    public async Task StopLeftoverAsync(TimeProvider time, CancellationToken cancellationToken)
    {
        string pidFile = Path.Combine(Data, "postmaster.pid");
        if (!File.Exists(pidFile)
            || !int.TryParse(File.ReadLines(pidFile).FirstOrDefault(), NumberStyles.None, CultureInfo.InvariantCulture, out int leftover)
            || !IsOurPostmaster(leftover))
        {
            return;
        }

        EmbeddedLog.StoppingLeftover(logger, leftover, Data);
        long started = time.GetTimestamp();
        int[] escalation = [0, SigQuit, SigKill];
        foreach (int signal in escalation)
        {
            _ = EngineProcess.Kill(leftover, signal);
            while (IsOurPostmaster(leftover) && time.GetElapsedTime(started) < LeftoverPatience)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(50), time, cancellationToken).ConfigureAwait(false);
            }

            started = time.GetTimestamp();
        }
    }

    private async Task CreateAsync(CancellationToken cancellationToken)
    {
        EmbeddedLog.CreatingCluster(logger, folder);
        if (Directory.Exists(Data))
        {
            // The password file is written last, so this is a first start that was interrupted: nothing in it yet.
            Directory.Delete(Data, recursive: true);
        }

        string password = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(24));
        string passwordForInit = Path.Combine(folder, "initial-password");
        WritePrivate(passwordForInit, password);
        user?.Own(passwordForInit);
        await RunAsync(["initdb", "-D", Data, "-U", Role, "--pwfile", passwordForInit, "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-instructions"],
            input: "", cancellationToken).ConfigureAwait(false);
        await RunAsync(["postgres", "--single", "-j", "-D", Data, "postgres"], $"CREATE DATABASE {Database};\n", cancellationToken).ConfigureAwait(false);
        File.Delete(passwordForInit);
        WritePrivate(PasswordFile, password);
    }

    private void CheckVersion()
    {
        string version = File.ReadAllText(Path.Combine(Data, "PG_VERSION")).Trim();
        string binaryVersion = BinaryMajorVersion();
        if (version != binaryVersion)
        {
            throw new EngineException(
                $"The PostgreSQL data in {Data} was made by version {version}, and {bin} is version {binaryVersion}. Set METERING_POSTGRES_BIN to binaries of version {version}, or move the data with pg_dump.");
        }
    }

    private string BinaryMajorVersion()
    {
        using Process process = Process.Start(new ProcessStartInfo(Path.Combine(bin, "postgres"), ["--version"]) { RedirectStandardOutput = true })!;
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return output.Split(' ', StringSplitOptions.RemoveEmptyEntries)[2].Split('.')[0].Trim();
    }

    private bool IsOurPostmaster(int processId)
    {
        try
        {
            // Another program may have got the number since: ours has our folder on its command line.
            return File.ReadAllText($"/proc/{processId}/cmdline").Contains(Data, StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return false;
        }
    }

    private async Task WriteConfigurationAsync(EmbeddedPostgresOptions options, int port, CancellationToken cancellationToken)
    {
        string settings = string.Create(CultureInfo.InvariantCulture,
            $"""
             # Written by metering at every start; put changes of your own into postgresql.auto.conf with ALTER SYSTEM.
             listen_addresses = '{options.Listen.Address}'
             port = {port}
             unix_socket_directories = ''
             max_connections = {options.MaxConnections}
             shared_buffers = {options.SharedBuffersMegabytes}MB
             fsync = on
             synchronous_commit = on
             full_page_writes = on
             timezone = 'UTC'
             log_timezone = 'UTC'
             lc_messages = 'C'
             log_line_prefix = '%m [%p] '
             dynamic_shared_memory_type = posix

             """);
        string target = Path.Combine(Data, "postgresql.conf");
        await File.WriteAllTextAsync(target, settings, cancellationToken).ConfigureAwait(false);
        user?.Own(target);
    }

    private async Task RunAsync(string[] command, string input, CancellationToken cancellationToken)
    {
        string[] full = ServiceUser.Command(user, [Path.Combine(bin, command[0]), .. command[1..]]);
        ProcessStartInfo start = new(full[0], full[1..])
        {
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["LC_ALL"] = "C", ["TZ"] = "UTC" },
        };
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync(cancellationToken);
        Task<string> error = process.StandardError.ReadToEndAsync(cancellationToken);
        await process.StandardInput.WriteAsync(input.AsMemory(), cancellationToken).ConfigureAwait(false);
        process.StandardInput.Close();
        await process.WaitForExitAsync(cancellationToken).ConfigureAwait(false);
        if (process.ExitCode != 0)
        {
            throw new EngineException($"{command[0]} failed with code {process.ExitCode} for {Data}: {await error.ConfigureAwait(false)}{await output.ConfigureAwait(false)}");
        }
    }

    private static void WritePrivate(string path, string text)
    {
        FileStreamOptions options = new() { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        using FileStream file = new(path, options);
        file.Write(Encoding.ASCII.GetBytes(text));
        file.Flush(flushToDisk: true);
    }
}
