using Metering.EndToEnd.Tests.Load;
using Metering.EndToEnd.Tests.Model;
using Metering.EndToEnd.Tests.Running;
using Xunit;

namespace Metering.EndToEnd.Tests;

public class KillTests(ITestOutputHelper output)
{
    private const int Kills = 20;
    private const int Seed = 20_261_122;
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(15);

    private static readonly TestMeter[] s_meters =
    [
        new("tokens", "SUM", MadeEvent.Type, "tokens", "model"),
        new("requests", "COUNT", MadeEvent.Type),
        new("users", "UNIQUE_COUNT", MadeEvent.Type, "user"),
        new("largest", "MAX", MadeEvent.Type, "tokens"),
        new("smallest", "MIN", MadeEvent.Type, "tokens", "model"),
        new("mean_cost", "AVG", MadeEvent.Type, "cost"),
        new("newest", "LATEST", MadeEvent.Type, "tokens"),
    ];

    private static readonly TestMeter s_addedUnderLoad = new("cost", "SUM", MadeEvent.Type, "cost", "model", "user");

    [Fact]
    public async Task Killed_twenty_times_under_load_nothing_is_lost_and_nothing_counted_twice()
    {
        await using MeteringProcess metering = await MeteringProcess.StartAsync();
        using MeteringClient client = metering.NewClient();
        foreach (TestMeter meter in s_meters)
        {
            await client.CreateMeterAsync(meter);
        }

        SentRecords records = new();
        using CancellationTokenSource stop = new();
        HttpSender[] senders = [.. Enumerable.Range(0, 3).Select(i => new HttpSender(client, records, new EventMaker($"http-{i}", Seed + i), Seed + i, s_pause))];
        GrpcSender streaming = new(() => metering.Grpc, records, new EventMaker("grpc", Seed + 3), "grpc", s_pause);
        Task[] load = [.. senders.Select(sender => sender.RunAsync(stop.Token)), streaming.RunAsync(stop.Token)];
        List<TimeSpan> starts = await KillAgainAndAgainAsync(metering, client);
        await stop.CancelAsync();
        await Task.WhenAll(load);

        await client.SettleAsync();
        List<StoredEvent> stored = await StoredEvent.ReadAsync(client);
        AssertStored(records, stored);
        IReadOnlyList<StoredEvent> effective = StoredEvent.Effective(stored);
        Assert.Equal($"{effective.Count}", await client.SqlAsync($"SELECT count() FROM usage_events WHERE type = '{MadeEvent.Type}'"));
        foreach (TestMeter meter in s_meters.Append(s_addedUnderLoad))
        {
            await UsageModel.AssertEqualAsync(client, meter, effective);
        }

        string audit = (await client.AuditAsync()).ToString();
        Assert.Equal("0", await client.SqlAsync("SELECT count() FROM dead_letters"));
        output.WriteLine($"sent {records.Sent}, acknowledged {records.Acknowledged}, stored {stored.Count}, count now {effective.Count}");
        output.WriteLine($"requests in doubt {senders.Sum(sender => sender.InDoubt)}, streams broken {streaming.Broken}");
        output.WriteLine($"restart: {string.Join(' ', starts.Select(start => $"{start.TotalMilliseconds:N0}"))} ms");
        output.WriteLine(audit);
    }

    private static async Task<List<TimeSpan>> KillAgainAndAgainAsync(MeteringProcess metering, MeteringClient client)
    {
        Random moments = new(Seed);
        List<TimeSpan> starts = [];
        for (int i = 0; i < Kills; i++)
        {
            await Task.Delay(moments.Next(500, 2500));
            if (i == Kills / 2)
            {
                await client.CreateMeterAsync(s_addedUnderLoad);
                await Task.Delay(moments.Next(1000));
            }

            await metering.KillAsync();
            await metering.StartAgainAsync();
            starts.Add(metering.StartTime);
        }

        return starts;
    }

    /// <summary>As <see cref="SentRecords"/> has it.</summary>
    internal static string NameOf(StoredEvent one) => one.Kind == "amend" ? $"amend {one.Source} {one.Id} {one.Data}" : $"{one.Kind} {one.Source} {one.Id}";

    internal static void AssertStored(SentRecords records, List<StoredEvent> stored)
    {
        string[] names = [.. stored.Select(NameOf)];
        HashSet<string> distinct = [.. names];
        Assert.Empty(records.Lost(distinct));
        Assert.Empty(records.Invented(distinct));
        Assert.Equal(distinct.Count, names.Length);
    }
}
