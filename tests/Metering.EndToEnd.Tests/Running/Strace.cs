using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Metering.EndToEnd.Tests.Running;

/// <summary>
/// Makes system calls of a running process fail, wait, or be its last. strace counts the calls of each thread by itself, so "the n-th" means of one thread.
/// </summary>
internal sealed partial class Strace : IAsyncDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(20);

    private readonly Process _process;
    private readonly List<string> _calls = [];

    private Strace(Process process) => _process = process;

    /// <summary>The calls that were seen, oldest first, with the paths of their files.</summary>
    public IReadOnlyList<string> Calls
    {
        get
        {
            lock (_calls)
            {
                return [.. _calls];
            }
        }
    }

    /// <summary>How many calls failed or waited because of us.</summary>
    public int Injected => Calls.Count(call => call.Contains("(INJECTED)", StringComparison.Ordinal) || call.Contains("(DELAYED)", StringComparison.Ordinal));

    /// <param name="task">A process, or one of its threads.</param>
    /// <param name="withThreads">Whether all threads of the process are meant, also those it makes later.</param>
    /// <param name="calls">Names of system calls, separated by commas.</param>
    /// <param name="inject">What becomes of them: <c>error=EIO:when=3+5</c>, <c>signal=KILL:when=2</c>, <c>delay_exit=150000</c>.</param>
    public static async Task<Strace> AttachAsync(int task, bool withThreads, string calls, string inject)
    {
        string[] arguments =
        [
            .. withThreads ? new[] { "-f" } : [], "-y", "-s", "0", "-p", task.ToString(CultureInfo.InvariantCulture), "-e", $"trace={calls}", "-e", $"inject={calls}:{inject}",
        ];
        Process process = Process.Start(new ProcessStartInfo(Tool.Find("strace", "strace"), arguments) { RedirectStandardError = true })!;
        Strace strace = new(process);
        TaskCompletionSource attached = new(TaskCreationOptions.RunContinuationsAsynchronously);
        process.ErrorDataReceived += (_, line) => strace.Read(line.Data, attached);
        process.BeginErrorReadLine();
        await attached.Task.WaitAsync(s_patience);
        return strace;
    }

    /// <summary>Returns when what it watches has ended.</summary>
    public Task WatchedEndsAsync() => _process.WaitForExitAsync().WaitAsync(s_patience);

    /// <summary>Lets the process go on undisturbed.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            MeteringProcess.Terminate(_process.Id);
            await WatchedEndsAsync();
        }

        _process.Dispose();
    }

    private void Read(string? line, TaskCompletionSource attached)
    {
        if (line is null)
        {
            attached.TrySetException(new InvalidOperationException($"strace ended: {string.Join(' ', Calls)}"));
        }
        else if (Attached().IsMatch(line))
        {
            attached.TrySetResult();
        }
        else
        {
            lock (_calls)
            {
                _calls.Add(line);
            }
        }
    }

    [GeneratedRegex("strace: Process [0-9]+ attached")]
    private static partial Regex Attached();
}
