using System.Globalization;
using System.Text.Json;
using Metering.EndToEnd.Tests.Running;
using Xunit;

namespace Metering.EndToEnd.Tests;

public class LateUsageTests(ITestOutputHelper output)
{
    private const string Type = "prompt";
    private const int LastSafeSecond = 45;

    [Fact]
    public async Task What_comes_after_the_seal_is_a_correction_and_what_was_sealed_keeps_its_bytes()
    {
        await using MeteringProcess metering = await MeteringProcess.StartAsync();
        using MeteringClient client = metering.NewClient();
        await client.CreateMeterAsync(new TestMeter("tokens", "SUM", Type, "tokens"));
        await Eventually.TrueAsync(async () => await client.NewestSealAsync() > 0, "the first seal");
        DateTimeOffset now = await EarlyInAMinuteAsync();

        // Before the seal: corrections of the same minute leave no trace in it.
        await IngestAsync(client, ("voided", now, 10), ("amended", now, 20), ("kept", now, 30));
        await client.IngestAsync(Void("voided"), "/v1/events/void");
        await client.IngestAsync(Amend("amended", now, 25), "/v1/events/amend");
        await IngestAsync(client, ("late", now.AddMinutes(-30), 100), ("history", now.AddDays(-40), 1000));
        await client.SettleAsync();
        Assert.Equal(1155m, await TotalAsync(client));

        long sealedNow = await SealAsync(client, now);
        string asOf = await AsOfAsync(client, sealedNow);
        Assert.Equal("", await CorrectionsAsync(client, now));
        Assert.Equal("late\t100\t1", await CorrectionsAsync(client, now.AddMinutes(-30)));
        Assert.Equal("history\t1000\t1", await CorrectionsAsync(client, now.AddDays(-40)));

        // After the seal.
        await client.IngestAsync(Void("kept"), "/v1/events/void");
        await client.IngestAsync(Amend("amended", now, 7), "/v1/events/amend");
        await IngestAsync(client, ("later", now, 0.5m), ("kept", now, 30), ("voided", now, 10));
        await client.SettleAsync();
        Assert.Equal(1107.5m, await TotalAsync(client));
        long sealedAgain = await client.SealNowAsync(Type);
        Assert.Equal("amend\t-18\t0\nlate\t0.5\t1\nvoid\t-30\t-1", await CorrectionsAsync(client, now));
        Assert.Equal(asOf, await AsOfAsync(client, sealedNow));
        Assert.Equal(1107.5m, await TotalAsync(client, $"?asOf={sealedAgain}"));
        Assert.Equal(1107.5m, await TotalAsync(client));

        await metering.KillAsync();
        await metering.StartAgainAsync();
        Assert.Equal(asOf, await AsOfAsync(client, sealedNow));
        output.WriteLine($"seals {sealedNow} and {sealedAgain}: {asOf}");
        await client.AuditAsync();
    }

    [Fact]
    public async Task A_correction_that_comes_before_its_event_waits_for_it()
    {
        await using MeteringProcess metering = await MeteringProcess.StartAsync();
        using MeteringClient client = metering.NewClient();
        await client.CreateMeterAsync(new TestMeter("tokens", "SUM", Type, "tokens"));
        DateTimeOffset now = DateTimeOffset.UtcNow;
        await client.IngestAsync(Void("voided"), "/v1/events/void");
        await client.IngestAsync(Amend("amended", now, 5), "/v1/events/amend");
        await client.SettleAsync();
        Assert.Equal("0", await client.SqlAsync($"SELECT count() FROM usage_events WHERE type = '{Type}'"));
        await metering.KillAsync();
        await metering.StartAgainAsync();
        await IngestAsync(client, ("voided", now, 10), ("amended", now, 20), ("kept", now, 30));
        await client.SettleAsync();
        Assert.Equal(35m, await TotalAsync(client));
        Assert.Equal("amended\nkept", await client.SqlAsync($"SELECT id FROM usage_events WHERE type = '{Type}' ORDER BY id"));
        await client.AuditAsync();
    }

    /// <summary>Returns the time when enough of the minute is left that it is not sealed under the test's hands.</summary>
    private static async Task<DateTimeOffset> EarlyInAMinuteAsync()
    {
        await Eventually.TrueAsync(() => Task.FromResult(DateTimeOffset.UtcNow.Second < LastSafeSecond), "a minute begins");
        return DateTimeOffset.UtcNow;
    }

    private static async Task<long> SealAsync(MeteringClient client, DateTimeOffset minute)
    {
        string sealedUpTo = $"SELECT count() FROM seal_mark WHERE upto > toDateTime({minute.ToUnixTimeSeconds()})";
        await Eventually.TrueAsync(async () => await client.SqlAsync(sealedUpTo) != "0", "the minute is sealed", TimeSpan.FromSeconds(90));
        return await client.NewestSealAsync();
    }

    private static Task IngestAsync(MeteringClient client, params (string Id, DateTimeOffset Time, decimal Tokens)[] events) =>
        client.IngestAsync($"[{string.Join(',', events.Select(one => $$$"""{"id":"{{{one.Id}}}","source":"s",{{{Content(one.Time, one.Tokens)}}}}"""))}]");

    private static string Void(string id) => $$"""{"source":"s","id":"{{id}}","reason":"test"}""";

    private static string Amend(string id, DateTimeOffset time, decimal tokens) =>
        $$$"""{"source":"s","id":"{{{id}}}","reason":"test","event":{{{{Content(time, tokens)}}}}}""";

    private static string Content(DateTimeOffset time, decimal tokens) =>
        $$$$"""
        "type":"{{{{Type}}}}","subject":"customer-1","time":"{{{{time.UtcDateTime:O}}}}","data":{"tokens":{{{{tokens.ToString(CultureInfo.InvariantCulture)}}}}}
        """;

    private static Task<string> AsOfAsync(MeteringClient client, long seal) =>
        client.TextAsync($"/api/v1/meters/tokens/query?asOf={seal}&windowSize=MINUTE&groupBy=subject");

    private static async Task<decimal> TotalAsync(MeteringClient client, string query = "")
    {
        JsonElement rows = (await client.RequireAsync(HttpMethod.Get, "/api/v1/meters/tokens/query" + query)).GetProperty("data");
        return rows.EnumerateArray().Single().GetProperty("value").GetDecimal();
    }

    private static Task<string> CorrectionsAsync(MeteringClient client, DateTimeOffset minute) => client.SqlAsync(
        $"SELECT why, total, events FROM usage_corrections WHERE meter = 'tokens' AND minute = toStartOfMinute(toDateTime({minute.ToUnixTimeSeconds()})) ORDER BY why");
}
