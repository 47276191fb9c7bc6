using System.Globalization;
using Metering.EndToEnd.Tests.Load;
using Metering.EndToEnd.Tests.Running;
using Xunit;

namespace Metering.EndToEnd.Tests;

/// <summary>Plain SQL beside load, seals and a kill: what readers see is never half of anything.</summary>
public class ReaderTests(ITestOutputHelper output)
{
    private const int Seed = 7;

    private const string UsageAndEvents =
        $"""
        SELECT
          (SELECT toInt64(sum(events)) FROM usage_by_minute WHERE meter = 'requests') AS usage,
          (SELECT toInt64(count()) FROM usage_events WHERE type = '{MadeEvent.Type}') AS events,
          (SELECT max(seal_no) FROM seal_mark) AS seals
        """;

    private const string EventsAndUsage =
        $"""
        SELECT toInt64(events), toInt64(usage)
        FROM (SELECT count() AS events FROM usage_events WHERE type = '{MadeEvent.Type}') AS e
        CROSS JOIN (SELECT sum(events) AS usage FROM usage_by_minute WHERE meter = 'requests') AS u
        """;

    private const string Joined =
        $"""
        SELECT u.subject, u.usage, e.events
        FROM (SELECT subject, toInt64(sum(value)) AS usage FROM usage_by_hour WHERE meter = 'requests' GROUP BY subject) AS u
        FULL JOIN (SELECT subject, toInt64(count()) AS events FROM usage_events WHERE type = '{MadeEvent.Type}' GROUP BY subject) AS e ON u.subject = e.subject
        WHERE u.usage != e.events
        """;

    [Fact]
    public async Task Usage_and_events_agree_at_every_read_and_never_shrink_or_run_ahead()
    {
        await using MeteringProcess metering = await MeteringProcess.StartAsync();
        using MeteringClient client = metering.NewClient();
        await client.CreateMeterAsync(new TestMeter("requests", "COUNT", MadeEvent.Type));
        await client.SettleAsync();
        SentRecords records = new();
        using CancellationTokenSource stop = new();
        Task load = new HttpSender(client, records, new EventMaker("reader", Seed, new EventMix { Corrections = false }), Seed, TimeSpan.FromMilliseconds(5)).RunAsync(stop.Token);
        Task seals = SealOftenAsync(client, stop.Token);
        Reads reads = await ReadAsync(client, records, TimeSpan.FromSeconds(20));
        await stop.CancelAsync();
        await Task.WhenAll(load, seals);
        output.WriteLine($"{reads.Count} reads over {reads.LastSeal - reads.FirstSeal} seals, {reads.LastUsage} events");
        Assert.True(reads.LastSeal - reads.FirstSeal >= 5, "there were no seals to read across");
    }

    [Fact]
    public async Task Usage_and_events_agree_while_events_are_voided_and_amended_and_after_a_kill()
    {
        await using MeteringProcess metering = await MeteringProcess.StartAsync();
        using MeteringClient client = metering.NewClient();
        await client.CreateMeterAsync(new TestMeter("requests", "COUNT", MadeEvent.Type));
        await client.SettleAsync();
        using CancellationTokenSource stop = new();
        Task load = new HttpSender(client, new SentRecords(), new EventMaker("corrected", Seed), Seed, TimeSpan.FromMilliseconds(5)).RunAsync(stop.Token);
        Task seals = SealOftenAsync(client, stop.Token);
        int reads = await AgreeAsync(client, TimeSpan.FromSeconds(8));
        await stop.CancelAsync();
        await seals;
        await metering.KillAsync();
        await metering.StartAgainAsync();
        reads += await AgreeAsync(client, TimeSpan.FromSeconds(4));
        await load;
        output.WriteLine($"{reads} reads");
    }

    /// <summary>A flush is confirmed in PostgreSQL, folded by a seal, and only then shown to readers: the last two may come in either order.</summary>
    [Fact]
    public async Task A_seal_that_is_ahead_of_the_flush_marks_shows_nothing_yet()
    {
        await using MeteringProcess metering = await MeteringProcess.StartAsync();
        using MeteringClient client = metering.NewClient();
        await client.CreateMeterAsync(new TestMeter("requests", "COUNT", MadeEvent.Type));
        await client.SettleAsync();
        Batch first = new EventMaker("first", Seed).Events(100, DateTimeOffset.UtcNow.AddHours(-1));
        Batch second = new EventMaker("second", Seed).Events(100, DateTimeOffset.UtcNow.AddHours(-1));
        string earlier = await IngestAndSealAsync(client, "first", first, first.Names.Count);
        await IngestAndSealAsync(client, "second", second, first.Names.Count + second.Names.Count);
        metering.Pause();
        await client.SqlAsync("TRUNCATE TABLE flush_mark");
        await client.SqlAsync($"INSERT INTO flush_mark SELECT arrayJoin(arrayEnumerate({earlier})) - 1 AS part, {earlier}[part + 1]");
        (long usage, long events, _) = await ReadOnceAsync(client);
        Assert.Equal((first.Names.Count, first.Names.Count), (usage, events));
    }

    /// <returns>The offsets that the seal holds.</returns>
    private static async Task<string> IngestAndSealAsync(MeteringClient client, string name, Batch batch, int total)
    {
        await client.IngestAsync(batch.Json);
        await client.SettleAsync();
        await client.CreateMeterAsync(new TestMeter($"seals_{name}", "COUNT", MadeEvent.Type));
        await Eventually.TrueAsync(
            async () => await client.SqlAsync("SELECT sum(n) FROM usage_window FINAL JOIN meter_info AS m FINAL ON m.meter = usage_window.meter WHERE m.slug = 'requests'") == $"{total}",
            "the events are sealed");
        await client.SettleAsync();
        return await client.SqlAsync("SELECT cut FROM seal_mark ORDER BY seal_no DESC LIMIT 1");
    }

    private static async Task<Reads> ReadAsync(MeteringClient client, SentRecords records, TimeSpan duration)
    {
        DateTimeOffset end = DateTimeOffset.UtcNow + duration;
        Reads reads = new(0, 0, 0, 0);
        while (DateTimeOffset.UtcNow < end)
        {
            (long usage, long events, long seal) = await ReadOnceAsync(client);
            Assert.True(usage == events, $"usage {usage}, events {events}, seal {seal}");
            Assert.True(usage >= reads.LastUsage, $"usage went from {reads.LastUsage} to {usage}");
            Assert.True(usage <= records.Sent, $"usage {usage} of {records.Sent} sent");
            string[] reversed = (await client.SqlAsync(EventsAndUsage)).Split('\t');
            Assert.Equal(reversed[0], reversed[1]);
            Assert.Equal("", await client.SqlAsync(Joined));
            reads = new Reads(reads.Count + 1, reads.Count == 0 ? seal : reads.FirstSeal, seal, usage);
        }

        return reads;
    }

    private static async Task<int> AgreeAsync(MeteringClient client, TimeSpan duration)
    {
        DateTimeOffset end = DateTimeOffset.UtcNow + duration;
        int reads = 0;
        for (; DateTimeOffset.UtcNow < end; reads++)
        {
            (long usage, long events, long seal) = await ReadOnceAsync(client);
            Assert.True(usage == events, $"usage {usage}, events {events}, seal {seal}");
        }

        return reads;
    }

    private static async Task<(long Usage, long Events, long Seal)> ReadOnceAsync(MeteringClient client)
    {
        long[] columns = [.. (await client.SqlAsync(UsageAndEvents)).Split('\t').Select(text => long.Parse(text, CultureInfo.InvariantCulture))];
        return (columns[0], columns[1], columns[2]);
    }

    /// <summary>A new meter's back-fill is folded by a seal at once, and with it everything else that minutes already over still have to fold.</summary>
    private static async Task SealOftenAsync(MeteringClient client, CancellationToken stop)
    {
        for (int i = 0; !stop.IsCancellationRequested; i++)
        {
            await client.CreateMeterAsync(new TestMeter($"seals_{i}", "COUNT", MadeEvent.Type));
            await Task.Delay(1000, CancellationToken.None);
            await client.RequireAsync(HttpMethod.Delete, $"/api/v1/meters/seals_{i}");
        }
    }

    private sealed record Reads(int Count, long FirstSeal, long LastSeal, long LastUsage);
}
