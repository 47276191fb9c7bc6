using System.Diagnostics;
using System.Globalization;

namespace Metering.LoadGenerator;

/// <summary>Processor time of the server and the engines it started: a measure that neighbours on the machine do not disturb much.</summary>
internal static class ServerProcesses
{
    public static TimeSpan Busy(int? processId) => processId is not { } id
        ? TimeSpan.Zero
        : Tree(id).Select(Process.GetProcessById).Aggregate(TimeSpan.Zero, (sum, process) => sum + process.TotalProcessorTime);

    private static IEnumerable<int> Tree(int processId) => Directory.GetDirectories($"/proc/{processId}/task")
        .SelectMany(task => File.ReadAllText(Path.Combine(task, "children")).Split(' ', StringSplitOptions.RemoveEmptyEntries))
        .SelectMany(child => Tree(int.Parse(child, CultureInfo.InvariantCulture)))
        .Prepend(processId);
}
