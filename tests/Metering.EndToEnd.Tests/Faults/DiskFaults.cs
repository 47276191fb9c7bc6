using Metering.EndToEnd.Tests.Running;
using Xunit;

namespace Metering.EndToEnd.Tests.Faults;

/// <summary>Disks that fail, fill up or are slow under the embedded log, and files that are not as they were left.</summary>
internal static class DiskFaults
{
    private const int ErrorSeconds = 6;

    public static IReadOnlyList<FaultRow> Rows { get; } =
    [
        FaultRow.OnOneMachine("K3", "killed at each system call of the log", "SIGKILL at the n-th write, fsync, open and rename of making a group durable, n = 1, 2, 3 …", LogKills.StrikeAsync, LogKills.Options),
        FaultRow.OnOneMachine("D1", "torn end of the log", "SIGKILL at an fsync, then 1 to 64 bytes of what was not synced cut off, or a bit of it flipped", TornEnd.StrikeAsync),
        FaultRow.OnOneMachine("D1b", "log file damaged", "a bit of what was acknowledged flipped while the program is down; then put back", DamagedLog.StrikeAsync),
        FaultRow.OnOneMachine(
            "D1c", "dedup cache damaged", "every cache file cut by 1 to 64 bytes, or a bit of it flipped, while the program is down", DamagedCache.StrikeAsync, DamagedCache.Options),
        FaultRow.OnOneMachine("D2", "fsync fails", "EIO for an fsync of every thread, again and again, 6 s", machine => InjectAsync(machine, "fsync", "error=EIO:when=2+4")),
        FaultRow.OnOneMachine("D2b", "write fails", "EIO for a write of every thread, again and again, 6 s", machine => InjectAsync(machine, "pwrite64", "error=EIO:when=2+4")),
        FaultRow.OnOneMachine("D2c", "log cannot grow", "ENOSPC for a write of every thread, again and again, 6 s", machine => InjectAsync(machine, "pwrite64", "error=ENOSPC:when=2+4")),
        FaultRow.OnOneMachine("D3", "disk full", "the disk of the log and of both engines filled to the last byte, 8 s, so that writes are cut short too", FullDisk.StrikeAsync, FullDisk.Options),
        FaultRow.OnOneMachine("D4", "disk slow", "150 ms more for every fsync of the log, 8 s", machine => InjectAsync(machine, "fsync", "delay_exit=150000", seconds: 8)),
    ];

    private static async Task<Strike> InjectAsync(OneMachine machine, string calls, string inject, int seconds = ErrorSeconds)
    {
        await using Strace strace = await Strace.AttachAsync(machine.Process.ProcessId, withThreads: true, calls, inject);
        await Task.Delay(TimeSpan.FromSeconds(seconds));
        Assert.True(strace.Injected > 0, $"no {calls} was hit");
        return new Strike(strace.Injected);
    }
}
