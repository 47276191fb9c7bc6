using System.Diagnostics;
using System.Text.Json;
using Metering.EndToEnd.Tests.Load;
using Metering.EndToEnd.Tests.Running;
using Xunit;

namespace Metering.EndToEnd.Tests.Faults;

/// <summary>Stores that lie: restored from a backup, made anew, or missing what was not synced. Each is exact or has a name; none is silent.</summary>
internal static class StoreFaults
{
    private static readonly TimeSpan s_load = TimeSpan.FromSeconds(6);
    private static readonly TimeSpan s_year = TimeSpan.FromDays(365);

    public static IReadOnlyList<FaultRow> Rows { get; } =
    [
        FaultRow.OnOneMachine("scenario 10", "PostgreSQL from a backup", "its folder copied, load, its folder put back", RestoredAsync),
        FaultRow.OnOneMachine("scenario 10b", "topic made anew", "the log's folder taken away, and put back", NewTopicAsync),
        FaultRow.OnOneMachine("scenario 10c", "unsynced parts gone", "the newest part of the raw table taken away while the program is down, and put back; nobody sends a copy meanwhile", LostPartAsync, null, [new EventMix { Corrections = false, History = false, Copies = 0, Again = false }]),
        FaultRow.OnOneMachine("scenario 10d", "clock + 1 year", "a year ahead under load", AYearAheadAsync, ClockFaults.Faked),
    ];

    private static async Task<Strike> RestoredAsync(OneMachine machine)
    {
        string folder = Path.Combine(machine.Process.Data, "postgres"), backup = Path.Combine(machine.Process.Folder, "backup");
        await machine.Process.StopAsync();
        Copy(folder, backup);
        await machine.Process.StartAgainAsync();
        await Task.Delay(s_load);
        await machine.Process.StopAsync();
        Directory.Delete(folder, recursive: true);
        Copy(backup, folder);
        await machine.Process.StartAgainAsync();
        await SaysAsync(machine, "probably restored from a backup");
        using MeteringClient client = await machine.NewClientAsync();
        JsonElement adopted = await client.RequireAsync(HttpMethod.Post, "/v1/audit/checkpoint");
        Assert.NotEqual(0, adopted.GetArrayLength());
        return new Strike(1, Note: "stopped by name; 'metering repair checkpoint' went on from ClickHouse's records");
    }

    private static async Task<Strike> NewTopicAsync(OneMachine machine)
    {
        string folder = Path.Combine(machine.Process.Data, "log"), away = Path.Combine(machine.Process.Folder, "log-away");
        await machine.Process.StopAsync();
        Directory.Move(folder, away);
        (int exitCode, string errors) = await machine.Process.RefusesToStartAsync();
        string said = errors.TrimEnd().Split('\n')[^1];
        Assert.True(exitCode != 0 && said.StartsWith("metering: ", StringComparison.Ordinal) && said.Contains("made anew", StringComparison.Ordinal), errors);
        Directory.Delete(folder, recursive: true);
        Directory.Move(away, folder);
        await machine.Process.StartAgainAsync();
        return new Strike(1, Note: "refused to start by name, so that nothing is acknowledged into a log that nobody counts, until the topic was put back");
    }

    private static async Task<Strike> LostPartAsync(OneMachine machine)
    {
        using MeteringClient client = await machine.NewClientAsync();
        await client.ShownAsync();

        // Not a merged one: the parts that it was merged from are on the disk for some minutes more, and would take its place.
        const string Newest = "SELECT path FROM system.parts WHERE database = 'metering' AND table = 'usage_raw' AND active AND level = 0 ORDER BY rows DESC LIMIT 1";
        await client.SqlAsync("SYSTEM STOP MERGES usage_raw");
        await Eventually.TrueAsync(async () => (await client.SqlAsync(Newest)).Length > 0, "there is a part that is not merged");
        string part = await client.SqlAsync(Newest);
        string away = Path.Combine(machine.Process.Folder, "part-away");
        await machine.Process.StopAsync();
        Directory.Move(part, away);
        await machine.Process.StartAgainAsync();
        await Eventually.TrueAsync(async () => (await client.RequireAsync(HttpMethod.Post, "/v1/audit")).ToString().Contains("raw events", StringComparison.Ordinal), "the audit finds it");
        await machine.Process.StopAsync();
        Directory.Move(away, part);
        await machine.Process.StartAgainAsync();
        return new Strike(1, Note: "the audit named the raw events that were gone, until they were put back");
    }

    private static async Task<Strike> AYearAheadAsync(OneMachine machine)
    {
        await machine.Clock.JumpAsync(s_year);
        await Task.Delay(s_load);
        return new Strike(1);
    }

    private static async Task SaysAsync(OneMachine machine, string words)
    {
        using MeteringClient client = await machine.NewClientAsync();
        await Eventually.TrueAsync(() => Task.FromResult(machine.Process.Errors.Contains(words, StringComparison.Ordinal)), $"it says '{words}'");
        using HttpResponseMessage ready = await client.SendAsync(HttpMethod.Get, "/healthz/ready");
        Assert.False(ready.IsSuccessStatusCode, "it says that it is ready");
    }

    private static void Copy(string from, string to)
    {
        using Process process = Process.Start("cp", ["-a", from, to]);
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
    }
}
