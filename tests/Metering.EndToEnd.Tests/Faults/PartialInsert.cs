using System.Globalization;
using System.Text.RegularExpressions;
using Metering.EndToEnd.Tests.Running;
using Xunit;

namespace Metering.EndToEnd.Tests.Faults;

/// <summary>
/// A block that spans partitions of a table becomes a part in each, one after the other. In production that happens at the turn of an hour or a month; here the two big
/// tables are partitioned by the log's partition, so that every block spans several, and the engine is killed at the n-th rename that makes a part valid.
/// </summary>
internal static partial class PartialInsert
{
    private const int Lives = 8;

    public static async Task<Strike> StrikeAsync(MeteringCluster cluster)
    {
        using MeteringClient client = await cluster.NewClientAsync();
        await cluster.StopAggregatorsAsync();
        await PartitionAsync(client, "usage_raw", "ReplacingMergeTree(ver)", "tenant, type, subject, time, part, off");
        await PartitionAsync(client, "usage_delta", "ReplacingMergeTree", "tenant, meter, subject, minute, grp, v, vt, vid, kind, part, lo");
        await Task.WhenAll(cluster.AddAggregatorAsync(), cluster.AddAggregatorAsync());
        int partial = 0;
        for (int life = 0; life < Lives; life++)
        {
            await client.ShownAsync();
            partial += await KillAtRenameAsync(cluster, 2 + (life % 4)) ? 1 : 0;
            await cluster.ClickHouseStartedAgainAsync(life + 1);
        }

        Assert.True(partial > 0, "no block was stored in part");
        return new Strike(Lives, Note: string.Create(CultureInfo.InvariantCulture, $"{partial} of the blocks were stored in part"));
    }

    private static async Task PartitionAsync(MeteringClient client, string table, string engine, string order)
    {
        await client.SqlAsync($"CREATE TABLE {table}_parted AS {table} ENGINE = {engine} PARTITION BY part ORDER BY ({order}) SETTINGS fsync_after_insert = 1, fsync_part_directory = 1");
        await client.SqlAsync($"INSERT INTO {table}_parted SELECT * FROM {table}");
        await client.SqlAsync($"EXCHANGE TABLES {table} AND {table}_parted");
        await client.SqlAsync($"DROP TABLE {table}_parted");
    }

    /// <returns>Whether parts of the same block had been made valid before.</returns>
    private static async Task<bool> KillAtRenameAsync(MeteringCluster cluster, int n)
    {
        await using Strace strace = await Strace.AttachAsync(cluster.ClickHouseProcess, withThreads: true, "rename", $"signal=KILL:when={n}");
        await strace.WatchedEndsAsync();
        string[] inserted = [.. strace.Calls.Where(call => Inserted().IsMatch(call))];
        return inserted.Length > 0 && inserted.GroupBy(call => Inserted().Match(call).Groups[1].Value).Any(table => table.Count() > 1);
    }

    [GeneratedRegex(@"rename\(""[^""]*/([^/""]+)/tmp_insert_")]
    private static partial Regex Inserted();
}
