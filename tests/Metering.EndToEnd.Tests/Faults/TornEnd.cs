using Metering.EndToEnd.Tests.Running;
using Xunit;

namespace Metering.EndToEnd.Tests.Faults;

/// <summary>The power fails between a write and its fsync: nobody was told that the group is durable, and any part of it is on the disk.</summary>
internal static class TornEnd
{
    private const int Lives = 14;
    private const int MostBytes = 64;
    private static readonly TimeSpan s_load = TimeSpan.FromSeconds(1);

    public static async Task<Strike> StrikeAsync(OneMachine machine)
    {
        Random random = new(Lives);
        for (int life = 0; life < Lives; life++)
        {
            await Task.Delay(s_load);
            await DieBeforeSyncAsync(machine.Process, life);
            string last = FileDamage.Segments(machine.LogFolder)[^1];
            int bytes = 1 + (life * (MostBytes - 1) / (Lives - 1));
            long at = FileDamage.End(last) - bytes;
            if (life % 2 == 0)
            {
                FileDamage.Cut(last, at);
            }
            else
            {
                FileDamage.Flip(last, at, random.Next(8));
            }

            await machine.Process.StartAgainAsync();
        }

        return new Strike(Lives, Note: "every start cut the torn group off");
    }

    /// <summary>The write of the group is done, and the process is gone before its fsync begins.</summary>
    private static async Task DieBeforeSyncAsync(MeteringProcess process, int life)
    {
        await using Strace strace = await Strace.AttachAsync(process.Thread(MeteringProcess.LogWriter), withThreads: false, "fsync", $"signal=KILL:when={2 + (life % 3)}");
        await process.EndsAsync();
        Assert.Contains(strace.Calls, call => call.StartsWith("fsync(", StringComparison.Ordinal));
    }
}
