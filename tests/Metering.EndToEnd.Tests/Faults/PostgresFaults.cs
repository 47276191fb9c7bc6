using System.Diagnostics;
using System.Text.RegularExpressions;
using Metering.EndToEnd.Tests.Running;
using Npgsql;
using Xunit;
using static Metering.EndToEnd.Tests.Faults.Striking;

namespace Metering.EndToEnd.Tests.Faults;

/// <summary>PostgreSQL that dies, refuses, ends transactions, or whose answers nobody hears.</summary>
internal static class PostgresFaults
{
    private static readonly TimeSpan s_moment = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan s_long = TimeSpan.FromSeconds(8);

    public static IReadOnlyList<FaultRow> Rows { get; } =
    [
        FaultRow.OnCluster("P1", "PostgreSQL killed", "SIGKILL to the server, twice; it is started again", cluster => RepeatAsync(2, _ => KillEngineAsync(cluster.PostgresProcess))),
        FaultRow.OnCluster("P3", "PostgreSQL's answers lost", "the connection broken instead of an answer, also to COMMIT, forty times", cluster => LoseAsync(cluster.PostgresRoad, 40)),
        FaultRow.OnCluster("P4", "deadlocks", "rows locked in the opposite order, so that PostgreSQL ends the aggregators' transactions with 40P01, twelve rounds", DeadlocksAsync),
        FaultRow.OnCluster("P4b", "serialization failures", "every second update of a flush's transactions answered with 40001 instead, 8 s", SerializationAsync),
        FaultRow.OnCluster("P5", "no connection left", "every connection of the server taken and the roles' own ended, 8 s: 53300", NoConnectionAsync),
    ];

    private static async Task<Strike> DeadlocksAsync(MeteringCluster cluster)
    {
        const int Rounds = 12;
        await using NpgsqlConnection ours = await cluster.ConnectAsync();

        // Whoever looks for a deadlock first is its victim: the aggregators do after a second.
        await ExecuteAsync(ours, "set deadlock_timeout = '1h'; set lock_timeout = '6s'");
        long before = await DeadlocksAsync(ours);
        for (int round = 0; round < Rounds; round++)
        {
            await ExecuteAsync(ours, $"begin; select 1 from partition_state where part = {round % MeteringCluster.Partitions} for update");
            await Task.Delay(s_moment);
            try
            {
                await ExecuteAsync(ours, "select 1 from partition_state order by part desc for update");
            }
            catch (PostgresException late) when (late.SqlState == PostgresErrorCodes.LockNotAvailable)
            {
                // Nobody waited for us, so nobody was ended.
            }

            await ExecuteAsync(ours, "rollback");
        }

        // The statistics come a moment later.
        await Eventually.TrueAsync(async () => await DeadlocksAsync(ours) > before, "there were deadlocks");
        return new Strike((int)(await DeadlocksAsync(ours) - before));
    }

    private static async Task<Strike> SerializationAsync(MeteringCluster cluster)
    {
        SerializationFailures failures = new();
        cluster.PostgresRoad.Inspection = failures.Inspect;
        await Task.Delay(s_long);
        cluster.PostgresRoad.Inspection = null;
        return new Strike(Met(cluster, PostgresErrorCodes.SerializationFailure));
    }

    private static async Task<Strike> NoConnectionAsync(MeteringCluster cluster)
    {
        await using NpgsqlConnection ours = await cluster.ConnectAsync();
        List<NpgsqlConnection> taken = [];
        for (long started = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(started) < s_long;)
        {
            try
            {
                taken.Add(await cluster.ConnectAsync());
            }
            catch (PostgresException full) when (full.SqlState == PostgresErrorCodes.TooManyConnections)
            {
                // Connections that a role gives back are taken too.
                await ExecuteAsync(
                    ours,
                    $"select pg_terminate_backend(pid) from pg_stat_activity where datname = 'metering' and application_name != '{MeteringCluster.Ours}' order by random() limit 1");
                await Task.Delay(20);
            }
        }

        foreach (NpgsqlConnection one in taken)
        {
            await one.DisposeAsync();
        }

        return new Strike(Met(cluster, PostgresErrorCodes.TooManyConnections), Note: $"{taken.Count} connections held");
    }

    /// <summary>How often the processes met this error.</summary>
    private static int Met(MeteringCluster cluster, string state)
    {
        int times = Regex.Count(cluster.Errors, $"(Attempt [0-9]+ failed|failed).*{state}");
        Assert.True(times > 0, $"nobody met {state}: {cluster.Errors}");
        return times;
    }

    private static async Task<long> DeadlocksAsync(NpgsqlConnection connection)
    {
        await using NpgsqlCommand command = new("select deadlocks from pg_stat_database where datname = 'metering'", connection);
        return (long)(await command.ExecuteScalarAsync())!;
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql)
    {
        await using NpgsqlCommand command = new(sql, connection);
        await command.ExecuteNonQueryAsync();
    }
}
