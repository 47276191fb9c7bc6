using Metering.EndToEnd.Tests.Running;
using static Metering.EndToEnd.Tests.Faults.Striking;

namespace Metering.EndToEnd.Tests.Faults;

/// <summary>Processes that die, sleep, come and go.</summary>
internal static class ProcessFaults
{
    public static IReadOnlyList<FaultRow> Rows { get; } =
    [
        FaultRow.OnCluster("K1", "ingest killed", "SIGKILL to each ingesting process, five times, under load", cluster => RepeatAsync(5, i => KillAsync(cluster.Ingests[i % 2]))),
        FaultRow.OnCluster("K2", "aggregator killed", "SIGKILL to an aggregator that owns partitions, at eight moments; it starts again", cluster => RepeatAsync(8, i => KillOwnerAsync(cluster, i))),
        FaultRow.OnCluster("K3b", "killed at each message of a flush", "SIGKILL to the aggregator at the n-th message of a flush to or from PostgreSQL and ClickHouse, n = 1, 2, 3 …", FlushKills.StrikeAsync),
        FaultRow.OnCluster("B4", "owners come and go", "a third aggregator joins and leaves every 2 s, four times", ComeAndGoAsync),
        FaultRow.OnCluster("B5", "zombie", "SIGSTOP to an aggregator for three leases, then SIGCONT", cluster => ForAsync(9, cluster.Aggregators[0].Pause, cluster.Aggregators[0].Continue)),
    ];

    private static async Task KillOwnerAsync(MeteringCluster cluster, int time)
    {
        await Eventually.TrueAsync(async () => (await cluster.OwnedAsync()).Length == 2, "both aggregators own partitions");
        await Task.Delay(TimeSpan.FromMilliseconds(37 * time));
        await KillAsync(cluster.Aggregators[time % 2]);
    }

    private static async Task<Strike> ComeAndGoAsync(MeteringCluster cluster)
    {
        for (int i = 0; i < 4; i++)
        {
            await cluster.AddAggregatorAsync();
            await Task.Delay(TimeSpan.FromSeconds(2));
            await cluster.Aggregators[^1].StopAsync();
            cluster.Aggregators.RemoveAt(cluster.Aggregators.Count - 1);
        }

        return new Strike(4);
    }
}
