using Metering.EndToEnd.Tests.Running;

namespace Metering.EndToEnd.Tests.Faults;

/// <summary>Ways of breaking something.</summary>
internal static class Striking
{
    private static readonly TimeSpan s_moment = TimeSpan.FromMilliseconds(700);

    public static async Task<Strike> RepeatAsync(int times, Func<int, Task> breakOnce)
    {
        for (int i = 0; i < times; i++)
        {
            await breakOnce(i);
            await Task.Delay(s_moment);
        }

        return new Strike(times);
    }

    public static async Task<Strike> ForAsync(int seconds, Action begin, Action end)
    {
        begin();
        await Task.Delay(TimeSpan.FromSeconds(seconds));
        end();
        return new Strike(1);
    }

    /// <summary>SIGKILL, and a new start on the same folder.</summary>
    public static async Task KillAsync(MeteringProcess process)
    {
        await process.KillAsync();
        await process.StartAgainAsync();
    }

    /// <summary>SIGKILL to an engine: its supervisor starts it again.</summary>
    public static async Task KillEngineAsync(int processId)
    {
        MeteringProcess.Kill(processId);
        await Task.Delay(TimeSpan.FromSeconds(3));
    }

    /// <summary>Breaks the connection instead of an answer, this often.</summary>
    public static async Task<Strike> LoseAsync(FaultProxy road, int answers)
    {
        for (int lost = 0; lost < answers; lost++)
        {
            road.LoseAnswers(1);
            await Task.Delay(100);
        }

        road.LoseAnswers(0);
        return new Strike(answers);
    }
}
