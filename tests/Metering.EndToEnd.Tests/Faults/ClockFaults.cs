using Metering.EndToEnd.Tests.Running;
using Xunit;

namespace Metering.EndToEnd.Tests.Faults;

/// <summary>
/// The clock of a whole machine jumps, goes back, or drifts: of the program, of PostgreSQL, of the senders. (The ClickHouse engine keeps the real one; nothing asks it for
/// the time.) Windows go by the events' own times, so nothing may change but how soon minutes are sealed.
/// </summary>
internal static class ClockFaults
{
    private static readonly TimeSpan s_hour = TimeSpan.FromHours(1);
    private static readonly TimeSpan s_beyondTheHorizon = TimeSpan.FromDays(40);
    private static readonly TimeSpan s_load = TimeSpan.FromSeconds(4);

    public static IReadOnlyList<FaultRow> Rows { get; } =
    [
        FaultRow.OnOneMachine("T1", "clock jumps ahead", "1 h ahead under load, then 40 days ahead", machine => JumpAsync(machine, s_hour, s_beyondTheHorizon), Faked),
        FaultRow.OnOneMachine("T2", "clock goes back", "1 h back under load", machine => JumpAsync(machine, -s_hour), Faked),
        FaultRow.OnOneMachine("T2b", "clock goes back 40 days", "40 days back under load; right again after 8 s", BackForLongAsync, Faked),
        FaultRow.OnOneMachine("T3", "clock drifts", "half as fast again for 10 s, then half as fast for 10 s", DriftAsync, Faked),
    ];

    public static OneMachineOptions Faked() => new() { Clock = new FakeClock() };

    private static async Task<Strike> JumpAsync(OneMachine machine, params TimeSpan[] ahead)
    {
        foreach (TimeSpan one in ahead)
        {
            await machine.Clock.JumpAsync(one);
            await Task.Delay(s_load);
        }

        return new Strike(ahead.Length);
    }

    /// <summary>Append times never go back, so records come that are far ahead of the clock: one of two clocks is wrong, and a person has to say which.</summary>
    private static async Task<Strike> BackForLongAsync(OneMachine machine)
    {
        using MeteringClient client = await machine.NewClientAsync();
        await machine.Clock.JumpAsync(-s_beyondTheHorizon);
        await Eventually.TrueAsync(() => Task.FromResult(machine.Process.Errors.Contains("more than an hour ahead of this clock", StringComparison.Ordinal)), "the partition stops by name");
        await Task.Delay(s_load * 2);
        using HttpResponseMessage ready = await client.SendAsync(HttpMethod.Get, "/healthz/ready");
        Assert.False(ready.IsSuccessStatusCode, "it says that it is ready");
        await machine.Clock.JumpAsync(TimeSpan.Zero);
        return new Strike(1, Note: "stopped by name (records more than an hour ahead of the clock) until the clock was right");
    }

    private static async Task<Strike> DriftAsync(OneMachine machine)
    {
        foreach (double rate in new[] { 1.5, 0.5 })
        {
            await machine.Clock.DriftAsync(rate);
            await Task.Delay(s_load * 2);
        }

        return new Strike(2);
    }
}
