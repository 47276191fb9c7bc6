using System.Diagnostics;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;

namespace Metering.Embedded.Processes;

/// <summary>
/// One run of an engine. Its standard input is a pipe that only we hold: when we die, however we die, it reads end-of-file and stops.
/// </summary>
internal sealed partial class EngineProcess : IDisposable
{
    private readonly Process _process;
    private readonly EngineSpec _spec;

    public EngineProcess(EngineSpec spec, ILogger logger)
    {
        _spec = spec;
        ProcessStartInfo start = spec.StartInfo();
        start.RedirectStandardInput = true;
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        _process = new Process { StartInfo = start };
        _process.OutputDataReceived += (_, line) => Keep(logger, line.Data);
        _process.ErrorDataReceived += (_, line) => Keep(logger, line.Data);
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public OutputTail Output { get; } = new(capacity: 40);

    public int Id => _process.Id;

    public bool HasExited => _process.HasExited;

    public int ExitCode => _process.ExitCode;

    public Task WaitForExitAsync() => _process.WaitForExitAsync();

    public string Diagnose() => Output + (_spec.Diagnostics is { } more ? Environment.NewLine + more() : "");

    /// <summary>Returns false when the engine had to be killed.</summary>
    public async Task<bool> StopAsync(TimeProvider time)
    {
        _ = Kill(_process.Id, _spec.StopSignal);
        Task exited = _process.WaitForExitAsync();
        using CancellationTokenSource timeout = new();
        Task first = await Task.WhenAny(exited, Task.Delay(_spec.StopTimeout, time, timeout.Token)).ConfigureAwait(false);
        await timeout.CancelAsync().ConfigureAwait(false);
        if (first == exited)
        {
            return true;
        }

        _process.Kill(entireProcessTree: true);
        await exited.ConfigureAwait(false);
        return false;
    }

    public void Dispose() => _process.Dispose();

    private void Keep(ILogger logger, string? line)
    {
        if (line is not null)
        {
            Output.Add(line);
            EmbeddedLog.Output(logger, _spec.Name, line);
        }
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    internal static partial int Kill(int processId, int signal);
}
