using Metering.EndToEnd.Tests.Load;
using Metering.EndToEnd.Tests.Model;
using Metering.EndToEnd.Tests.Running;
using Xunit;

namespace Metering.EndToEnd.Tests;

public class MeterTests(ITestOutputHelper output)
{
    private const int Seed = 11;

    private static readonly TestMeter s_steady = new("steady", "SUM", MadeEvent.Type, "tokens", "model");
    private static readonly TestMeter s_added = new("added", "MAX", MadeEvent.Type, "tokens", "user");
    private static readonly TestMeter s_changed = new("changed", "SUM", MadeEvent.Type, "tokens", "model");
    private static readonly TestMeter s_changedLater = s_changed with { GroupBy = ["user", "model"] };
    private static readonly TestMeter s_deleted = new("again", "SUM", MadeEvent.Type, "tokens", "model");
    private static readonly TestMeter s_madeAgain = new("again", "UNIQUE_COUNT", MadeEvent.Type, "user");

    [Fact]
    public async Task Meters_made_changed_deleted_and_made_again_under_load_and_a_kill_count_every_event()
    {
        await using MeteringProcess metering = await MeteringProcess.StartAsync();
        using MeteringClient client = metering.NewClient();
        await client.CreateMeterAsync(s_steady);
        SentRecords records = new();
        using CancellationTokenSource stop = new();
        Task[] load = [.. Enumerable.Range(0, 2).Select(i =>
            new HttpSender(client, records, new EventMaker($"sender-{i}", Seed + i), Seed + i, TimeSpan.FromMilliseconds(10)).RunAsync(stop.Token))];
        await ChangeMetersAsync(metering, client);
        await stop.CancelAsync();
        await Task.WhenAll(load);

        await client.SettleAsync();
        IReadOnlyList<StoredEvent> effective = StoredEvent.Effective(await StoredEvent.ReadAsync(client));
        foreach (TestMeter meter in (TestMeter[])[s_steady, s_added, s_changedLater, s_madeAgain])
        {
            await UsageModel.AssertEqualAsync(client, meter, effective);
        }

        output.WriteLine($"{effective.Count} events; {await client.AuditAsync()}");
    }

    [Fact]
    public async Task Every_form_of_a_number_counts_the_same_live_and_back_filled()
    {
        await using MeteringProcess metering = await MeteringProcess.StartAsync();
        using MeteringClient client = metering.NewClient();
        await client.CreateMeterAsync(new TestMeter("live", "SUM", "t", "v"));
        await client.SettleAsync();
        string[] forms = ["1000", "1e3", "\"1000\"", "\"1e3\"", "1000.000", "0.30000000000000004", "\"0.3\"", "3e-1", "1e-13", "-0"];
        await client.IngestAsync($"[{string.Join(',', forms.Select((form, i) => $$$"""{"id":"{{{i}}}","source":"s","type":"t","subject":"{{{i}}}","data":{"v":{{{form}}}}}"""))}]");
        await client.SettleAsync();
        await client.CreateMeterAsync(new TestMeter("later", "SUM", "t", "v"));
        await client.SettleAsync();
        IEnumerable<string> expected = [.. Enumerable.Repeat("1000", 5), .. Enumerable.Repeat("0.3", 3), "0", "0"];
        foreach (string meter in (string[])["live", "later"])
        {
            string values = await client.SqlAsync($"SELECT toString(value) FROM usage_by_day WHERE meter = '{meter}' ORDER BY toInt32(subject)");
            Assert.Equal(expected, values.Split('\n'));
        }

        Assert.Equal("5\n8", await client.SqlAsync("SELECT id FROM usage_events WHERE rounded = 1 ORDER BY id"));
    }

    private static async Task ChangeMetersAsync(MeteringProcess metering, MeteringClient client)
    {
        TimeSpan pause = TimeSpan.FromSeconds(1.5);
        await Task.Delay(pause);
        await client.CreateMeterAsync(s_added);
        await client.CreateMeterAsync(s_changed);
        await client.CreateMeterAsync(s_deleted);
        await Task.Delay(pause);
        await client.RequireAsync(HttpMethod.Put, "/api/v1/meters/changed", s_changedLater.ToJson());
        await client.RequireAsync(HttpMethod.Delete, "/api/v1/meters/again");
        await Task.Delay(TimeSpan.FromMilliseconds(200));
        await metering.KillAsync();
        await metering.StartAgainAsync();
        await client.CreateMeterAsync(s_madeAgain);
        await Task.Delay(pause);
    }
}
