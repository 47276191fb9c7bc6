using System.Globalization;
using System.Text.RegularExpressions;
using Metering.EndToEnd.Tests.Running;
using Xunit;

namespace Metering.EndToEnd.Tests.Faults;

/// <summary>
/// SIGKILL at each system call by which the embedded log makes a group durable: the n-th of each kind, for n = 1, 2, 3 …, until a new segment with its folder, and a new
/// recovery point, have been among them.
/// </summary>
internal static partial class LogKills
{
    private const int PageBytes = 64 * 1024;
    private const int Writes = 6;
    private const int Syncs = 8;
    private const int Opens = 3;
    private const int Renames = 2;

    /// <summary>Files so small that every few groups begin a new one.</summary>
    public static OneMachineOptions Options() => new()
    {
        Environment = new Dictionary<string, string>
        {
            ["METERING_EventLog__PageBytes"] = Text(PageBytes),
            ["METERING_EventLog__SegmentBytes"] = Text(PageBytes),
            ["METERING_EventLog__BufferBytes"] = Text(16 * PageBytes),
            ["METERING_EventLog__CommitBytes"] = Text(4 * PageBytes),
            ["METERING_EventLog__MaxRecordBytes"] = Text(PageBytes / 2),
            ["METERING_EventLog__RecoveryPointBytes"] = Text(2 * PageBytes),
        },
    };

    public static async Task<Strike> StrikeAsync(OneMachine machine)
    {
        SortedSet<string> points = [];
        int kills = 0;
        foreach ((string call, int times) in new[] { ("pwrite64", Writes), ("fsync", Syncs), ("openat", Opens), ("rename", Renames) })
        {
            for (int n = 1; n <= times; n++, kills++)
            {
                points.Add(await KillAtAsync(machine.Process, call, n));
                await machine.Process.StartAgainAsync();
            }
        }

        foreach (string point in new[] { "pwrite64 segment", "fsync segment", "fsync folder", "openat segment", "openat folder", "rename recovery point" })
        {
            Assert.True(points.Contains(point), $"not killed at {point}, only at {string.Join(", ", points)}");
        }

        return new Strike(kills, Note: $"died at {string.Join(", ", points)}");
    }

    /// <returns>Which call it died in.</returns>
    private static async Task<string> KillAtAsync(MeteringProcess process, string call, int n)
    {
        // Recovery points are saved by whatever thread comes along, all else by one.
        bool anyThread = call == "rename";
        int task = anyThread ? process.ProcessId : process.Thread(MeteringProcess.LogWriter);
        await using Strace strace = await Strace.AttachAsync(task, anyThread, call, $"signal=KILL:when={(anyThread ? 1 : n)}");
        await process.EndsAsync();
        string last = strace.Calls.Last(line => line.Contains($"{call}(", StringComparison.Ordinal));
        return $"{call} {FileOf(last)}";
    }

    private static string FileOf(string call) => call switch
    {
        _ when call.Contains("recovery.point", StringComparison.Ordinal) => "recovery point",
        _ when Segment().IsMatch(call) => "segment",
        _ when Folder().IsMatch(call) => "folder",
        _ => call,
    };

    private static string Text(int bytes) => bytes.ToString(CultureInfo.InvariantCulture);

    [GeneratedRegex(@"usage\.events/log\.[0-9]+")]
    private static partial Regex Segment();

    [GeneratedRegex(@"usage\.events[>""]")]
    private static partial Regex Folder();
}
