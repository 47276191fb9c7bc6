using System.Globalization;
using Metering.EndToEnd.Tests.Load;
using Metering.EndToEnd.Tests.Running;
using Xunit;

namespace Metering.EndToEnd.Tests.Faults;

/// <summary>Senders that are late, repeat themselves, or send more than can be counted at once.</summary>
internal static class WorkloadFaults
{
    private static readonly TimeSpan s_overAMinute = TimeSpan.FromSeconds(70);
    private static readonly TimeSpan s_load = TimeSpan.FromSeconds(15);

    public static IReadOnlyList<FaultRow> Rows { get; } =
    [
        FaultRow.OnCluster(
            "W1", "late usage", "three senders of whose events 1 %, 10 % and 50 % are late, up to 3 days, no lateness allowed, 70 s with seals between", LateAsync,
            [.. new[] { 0.01, 0.1, 0.5 }.Select(late => new EventMix { Late = late, LateBy = TimeSpan.FromDays(3) })]),
        FaultRow.OnCluster(
            "W2", "duplicates", "three senders: 0.6 % sent before, 10 % sent before, and everything twice", DuplicatesAsync,
            [new EventMix { Copies = 0.006 }, new EventMix { Copies = 0.1 }, new EventMix { Twice = true }]),
        FaultRow.OnOneMachine("W2b", "duplicates after 34 days", "all clocks 34 days ahead, the dedup cache deleted, and early events sent again with a new time", LaterAsync, ClockFaults.Faked),
    ];

    private static async Task<Strike> LateAsync(MeteringCluster cluster)
    {
        using MeteringClient client = await cluster.NewClientAsync();
        await Task.Delay(s_overAMinute / 2);
        await client.SealNowAsync(MadeEvent.Type);
        await Task.Delay(s_overAMinute / 2);
        long seal = await client.SealNowAsync(MadeEvent.Type);
        string corrections = await client.SqlAsync("SELECT toInt64(sum(events)) FROM usage_corrections WHERE meter = 'tokens' AND why = 'late'");
        Assert.True(long.Parse(corrections, CultureInfo.InvariantCulture) > 0, "nothing came after its seal");
        return new Strike(1, Note: $"{corrections} events counted as corrections of sealed minutes, {seal} seals");
    }

    private static async Task<Strike> DuplicatesAsync(MeteringCluster cluster)
    {
        using MeteringClient client = await cluster.NewClientAsync();
        await Task.Delay(s_load);
        await client.ShownAsync();
        string duplicates = await client.SqlAsync("SELECT sum(duplicates) FROM flush_log FINAL");
        Assert.NotEqual("0", duplicates);
        return new Strike(1, Note: $"{duplicates} records refused as duplicates");
    }

    private static async Task<Strike> LaterAsync(OneMachine machine)
    {
        const int Events = 500;
        using MeteringClient client = await machine.NewClientAsync();
        await client.IngestAsync(Again(Events, client.Now()));
        await client.SettleAsync();
        await machine.Process.KillAsync();
        string cache = Path.Combine(machine.Process.Data, "dedup");
        if (Directory.Exists(cache))
        {
            Directory.Delete(cache, recursive: true);
        }

        await machine.Clock.JumpAsync(TimeSpan.FromDays(34));
        await machine.Process.StartAgainAsync();
        await client.IngestAsync(Again(Events, client.Now()));
        await client.SettleAsync();
        Assert.Equal($"{Events}", await client.SqlAsync("SELECT count() FROM usage_events WHERE type = 'again'"));
        return new Strike(Events, Note: $"{Events} of {Events} copies refused");
    }

    private static string Again(int events, DateTimeOffset time) =>
        $"[{string.Join(',', Enumerable.Range(0, events).Select(i => $$"""{"id":"{{i}}","source":"again","type":"again","subject":"marker","time":"{{time.UtcDateTime:O}}"}"""))}]";
}
