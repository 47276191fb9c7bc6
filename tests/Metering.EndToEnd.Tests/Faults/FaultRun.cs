using System.Diagnostics;
using System.Text.RegularExpressions;
using Metering.EndToEnd.Tests.Load;
using Metering.EndToEnd.Tests.Model;
using Metering.EndToEnd.Tests.Running;
using Xunit.Sdk;

namespace Metering.EndToEnd.Tests.Faults;

/// <summary>Two ingesting, two aggregating and one querying process under load; one fault; then every event is looked for.</summary>
internal static partial class FaultRun
{
    private const int Seed = 4242;
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan s_quiet = TimeSpan.FromSeconds(2);

    private static readonly TestMeter[] s_meters =
    [
        new("tokens", "SUM", MadeEvent.Type, "tokens", "model"),
        new("users", "UNIQUE_COUNT", MadeEvent.Type, "user"),
        new("newest", "LATEST", MadeEvent.Type, "tokens"),
    ];

    public static async Task<FaultResult> RunAsync(FaultRow row)
    {
        await using MeteringCluster cluster = await MeteringCluster.StartAsync();
        await Task.WhenAll(cluster.AddIngestAsync(), cluster.AddIngestAsync(), cluster.AddAggregatorAsync(), cluster.AddAggregatorAsync());
        using MeteringClient client = await cluster.NewClientAsync();
        using MeteringClient other = await cluster.NewClientAsync(ingest: 1);
        foreach (TestMeter meter in s_meters)
        {
            await client.CreateMeterAsync(meter);
        }

        SentRecords records = new();
        using CancellationTokenSource stop = new();
        HttpSender[] senders = [.. new[] { client, other, other }.Select((to, i) => new HttpSender(to, records, new EventMaker($"http-{i}", Seed + i), Seed + i, s_pause))];
        Task load = Task.WhenAll(senders.Select(sender => sender.RunAsync(stop.Token)));
        await Task.Delay(s_quiet);
        await row.BreakAsync(cluster);
        long whole = Stopwatch.GetTimestamp();
        await client.ShownAsync();
        TimeSpan recovery = Stopwatch.GetElapsedTime(whole);
        await Task.Delay(s_quiet);
        await stop.CancelAsync();
        await load;
        await client.SettleAsync();

        List<StoredEvent> stored = await StoredEvent.ReadAsync(client);
        string[] names = [.. stored.Select(KillTests.NameOf)];
        HashSet<string> distinct = [.. names];
        int inDoubt = senders.Sum(sender => sender.InDoubt) + cluster.ClickHouseRoad.AnswersLost + cluster.PostgresRoad.AnswersLost + (cluster.Broker?.AnswersLost ?? 0)
            + cluster.Aggregators.Sum(one => SentAgain().Count(one.Errors));
        return new FaultResult(
            row, records.Sent, inDoubt, records.Lost(distinct).Count(), names.Length - distinct.Count + records.Invented(distinct).Count(), recovery, await VerdictAsync(client, stored));
    }

    private static async Task<string> VerdictAsync(MeteringClient client, List<StoredEvent> stored)
    {
        try
        {
            IReadOnlyList<StoredEvent> effective = StoredEvent.Effective(stored);
            foreach (TestMeter meter in s_meters)
            {
                await UsageModel.AssertEqualAsync(client, meter, effective);
            }

            await client.AuditAsync();
            return "exact";
        }
        catch (XunitException different)
        {
            return different.Message;
        }
    }

    [GeneratedRegex("was on its way and is sent again|Attempt [0-9]+ failed")]
    private static partial Regex SentAgain();
}
