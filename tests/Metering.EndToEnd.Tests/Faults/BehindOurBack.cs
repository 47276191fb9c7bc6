using System.Globalization;
using System.Text.Json;
using Metering.EndToEnd.Tests.Load;
using Metering.EndToEnd.Tests.Running;
using Xunit;

namespace Metering.EndToEnd.Tests.Faults;

/// <summary>Somebody with access to ClickHouse drops or changes what is stored. The audit has to say so, and the repair to mend what can be mended.</summary>
internal static class BehindOurBack
{
    /// <summary>While raw events are missing nothing may come that is looked up in them.</summary>
    public static EventMix[] OnlyNewEvents { get; } = [new EventMix { Corrections = false, History = false }];

    /// <summary>Windows are lost and changed; the raw events are there.</summary>
    public static async Task<Strike> WindowsAsync(MeteringCluster cluster)
    {
        string[] damages =
        [
            "ALTER TABLE usage_window DROP PARTITION ID '{0}'",
            "ALTER TABLE usage_window UPDATE s = s + 1 WHERE subject = 'customer-2' SETTINGS mutations_sync = 2",
            "ALTER TABLE usage_window DELETE WHERE subject = 'customer-1' SETTINGS mutations_sync = 2",
        ];
        using MeteringClient client = await cluster.NewClientAsync();
        foreach (string damage in damages)
        {
            await client.SealNowAsync(MadeEvent.Type);
            string partition = await client.SqlAsync("SELECT any(partition_id) FROM system.parts WHERE database = 'metering' AND table = 'usage_window' AND active");
            await client.SqlAsync(string.Format(CultureInfo.InvariantCulture, damage, partition));
            await FindsAsync(client, "window default/");
            await RepairAsync(client);
        }

        return new Strike(damages.Length, Note: "each time the audit named the windows, and 'metering repair windows' made them exact");
    }

    /// <summary>Raw events are lost: the windows must not be made to agree with what is left.</summary>
    public static async Task<Strike> RawAsync(MeteringCluster cluster)
    {
        const int Times = 3;
        using MeteringClient client = await cluster.NewClientAsync();
        for (int i = 0; i < Times; i++)
        {
            await client.ShownAsync();
            await client.SqlAsync("SYSTEM STOP MERGES usage_raw");
            string part = await client.SqlAsync("SELECT name FROM system.parts WHERE database = 'metering' AND table = 'usage_raw' AND active ORDER BY rows DESC LIMIT 1");
            await client.SqlAsync($"ALTER TABLE usage_raw DETACH PART '{part}'");
            await FindsAsync(client, "raw events");
            using HttpResponseMessage repair = await client.SendAsync(HttpMethod.Post, "/v1/audit/repair");
            string answer = await repair.Content.ReadAsStringAsync();
            await client.SqlAsync($"ALTER TABLE usage_raw ATTACH PART '{part}'");
            await client.SqlAsync("SYSTEM START MERGES usage_raw");
            Assert.True(repair.StatusCode == System.Net.HttpStatusCode.Conflict && answer.Contains("raw events", StringComparison.Ordinal), answer);
        }

        return new Strike(Times, Note: "the audit named the raw events; the repair refused to take their usage away, until the part was put back");
    }

    private static Task<TimeSpan> FindsAsync(MeteringClient client, string what) => Eventually.TrueAsync(
        async () => (await ReportAsync(client)).GetProperty("findings").EnumerateArray().Any(finding => finding.GetString()!.Contains(what, StringComparison.Ordinal)),
        $"the audit finds {what}");

    /// <summary>One repair goes on after the other has been recorded by a seal.</summary>
    private static async Task RepairAsync(MeteringClient client)
    {
        await client.RequireAsync(HttpMethod.Post, "/v1/audit/repair");
        await Eventually.TrueAsync(async () => (await ReportAsync(client)).GetProperty("isExact").GetBoolean(), "the windows are exact again");
    }

    private static Task<JsonElement> ReportAsync(MeteringClient client) => client.RequireAsync(HttpMethod.Post, "/v1/audit");
}
