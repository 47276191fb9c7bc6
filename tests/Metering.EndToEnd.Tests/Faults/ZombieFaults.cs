using System.Text.RegularExpressions;
using Metering.EndToEnd.Tests.Load;
using Metering.EndToEnd.Tests.Running;
using Npgsql;
using Xunit;

namespace Metering.EndToEnd.Tests.Faults;

/// <summary>Zombies at their worst: an owner and a sealer fall asleep at the worst step and wake up when everything is over. Every answer keeps its bytes.</summary>
internal static partial class ZombieFaults
{
    private static readonly TimeSpan s_landing = TimeSpan.FromSeconds(5);

    public static IReadOnlyList<FaultRow> Rows { get; } =
    [
        FaultRow.OnCluster(
            "scenario 2", "zombie owner at its worst", "SIGSTOP after its flush is pending; another one flushes, confirms, seals, drops the folded deltas; SIGCONT", OwnerAsync),
        FaultRow.OnCluster(
            "scenario 2b", "zombie sealer at its worst", "SIGSTOP between a seal's record and its fold, which stays on the way; another one seals, twice; the fold arrives", SealerAsync),
    ];

    private static async Task<Strike> OwnerAsync(MeteringCluster cluster)
    {
        using MeteringClient client = await cluster.NewClientAsync();
        await cluster.StopAggregatorsAsync();
        await cluster.AddAggregatorAsync();
        MeteringProcess zombie = cluster.Aggregators[0];
        await client.ShownAsync();
        await StopAtAsync(cluster.ClickHouseRoad, zombie, passing => !passing.IsAnswer && passing.Asks("INSERT INTO usage_delta"));
        await cluster.AddAggregatorAsync();
        await EndSealerConnectionAsync(cluster);
        await SealAsync(client, cluster.Aggregators[1]);
        string dropped = await DropFoldedAsync(client);
        long seal = await client.NewestSealAsync();
        string before = await AsOfAsync(client, seal);
        zombie.Continue();
        await Task.Delay(s_landing);
        Assert.Equal(before, await AsOfAsync(client, seal));
        Assert.True(ZombieKnows().IsMatch(zombie.Errors), "the zombie did not notice");
        return new Strike(1, InDoubt: 1, Note: $"{dropped} folded deltas dropped before it woke up; every answer as of seal {seal} kept its bytes");
    }

    private static async Task<Strike> SealerAsync(MeteringCluster cluster)
    {
        using MeteringClient client = await cluster.NewClientAsync();
        await cluster.StopAggregatorsAsync();
        await cluster.AddAggregatorAsync();
        MeteringProcess zombie = cluster.Aggregators[0];
        await client.ShownAsync();
        TaskCompletionSource fold = new(TaskCreationOptions.RunContinuationsAsynchronously);
        TaskCompletionSource held = new(TaskCreationOptions.RunContinuationsAsynchronously);
        cluster.ClickHouseRoad.Inspection = async passing =>
        {
            if (!passing.IsAnswer && passing.Asks("INSERT INTO usage_window") && held.TrySetResult())
            {
                zombie.Pause();
                await fold.Task;
            }

            return new Passed(passing.Bytes);
        };
        await client.CreateMeterAsync(new TestMeter("wakes_the_sealer", "COUNT", MadeEvent.Type));
        await held.Task.WaitAsync(TimeSpan.FromMinutes(2));
        await cluster.AddAggregatorAsync();
        MeteringProcess other = cluster.Aggregators[1];
        await EndSealerConnectionAsync(cluster);
        await SealAsync(client, other);
        await SealAsync(client, other);
        long seal = await client.NewestSealAsync();
        string before = await AsOfAsync(client, seal);
        fold.SetResult();
        await Task.Delay(s_landing);
        string between = await AsOfAsync(client, seal);
        zombie.Continue();
        await Task.Delay(s_landing);
        cluster.ClickHouseRoad.Inspection = null;
        Assert.Equal(before, between);
        Assert.Equal(before, await AsOfAsync(client, seal));
        return new Strike(1, InDoubt: 1, Note: $"every answer as of seal {seal} kept its bytes");
    }

    /// <summary>Stops the process in the moment in which something passes; that stays on the way until the process goes on.</summary>
    private static async Task StopAtAsync(FaultProxy road, MeteringProcess process, Func<Passing, bool> moment)
    {
        TaskCompletionSource stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
        road.Inspection = passing =>
        {
            if (moment(passing) && stopped.TrySetResult())
            {
                process.Pause();
            }

            return new(new Passed(passing.Bytes));
        };
        await stopped.Task.WaitAsync(TimeSpan.FromMinutes(1));
        road.Inspection = null;
    }

    /// <summary>A new seal, recorded by this process.</summary>
    private static async Task SealAsync(MeteringClient client, MeteringProcess sealer)
    {
        long before = await client.NewestSealAsync();
        await client.CreateMeterAsync(new TestMeter($"seal_after_{before}", "COUNT", MadeEvent.Type));
        await Eventually.TrueAsync(async () => await client.NewestSealAsync() > before, "there is a new seal", TimeSpan.FromMinutes(2));
        Assert.Contains("as seal", sealer.Errors, StringComparison.Ordinal);
    }

    /// <summary>What retention does by the hour.</summary>
    private static async Task<string> DropFoldedAsync(MeteringClient client)
    {
        const string Folded = "hi <= (SELECT argMax(cut, seal_no) FROM seal_mark)[part + 1] AND minute < (SELECT argMax(upto, seal_no) FROM seal_mark)";
        string count = await client.SqlAsync($"SELECT count() FROM usage_delta WHERE {Folded}");
        await client.SqlAsync($"ALTER TABLE usage_delta DELETE WHERE {Folded} SETTINGS mutations_sync = 2, allow_nondeterministic_mutations = 1");
        return count;
    }

    private static async Task<string> AsOfAsync(MeteringClient client, long seal)
    {
        string[] answers = await Task.WhenAll(new[] { "tokens", "users", "newest" }
            .Select(meter => client.TextAsync($"/api/v1/meters/{meter}/query?asOf={seal}&windowSize=MINUTE&groupBy=subject")));
        return string.Concat(answers);
    }

    /// <summary>As when its host has gone from the network: its lock is free. As long as a sleeping sealer's connection is open, nobody else seals.</summary>
    private static async Task EndSealerConnectionAsync(MeteringCluster cluster)
    {
        await using NpgsqlConnection ours = await cluster.ConnectAsync();
        await using NpgsqlCommand command = new("select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and granted", ours);
        await command.ExecuteNonQueryAsync();
    }

    [GeneratedRegex("was taken over by another owner")]
    private static partial Regex ZombieKnows();
}
