using Metering.EndToEnd.Tests.Running;
using Xunit;
using static Metering.EndToEnd.Tests.Faults.Striking;

namespace Metering.EndToEnd.Tests.Faults;

/// <summary>ClickHouse that dies, hangs, refuses, breaks off, whose answers nobody hears, or whose tables somebody changes.</summary>
internal static class ClickHouseFaults
{
    private static readonly TimeSpan s_refusing = TimeSpan.FromSeconds(6);

    public static IReadOnlyList<FaultRow> Rows { get; } =
    [
        FaultRow.OnCluster("C1", "ClickHouse killed", "SIGKILL to the engine, twice; it is started again", cluster => RepeatAsync(2, _ => KillEngineAsync(cluster.ClickHouseProcess))),
        FaultRow.OnCluster("C2", "ClickHouse hangs", "SIGSTOP to the engine for 8 s", cluster => ForAsync(8, () => MeteringProcess.Pause(cluster.ClickHouseProcess), () => MeteringProcess.Continue(cluster.ClickHouseProcess))),
        FaultRow.OnCluster("C3", "ClickHouse's answers lost", "the connection broken instead of an answer, forty times", cluster => LoseAsync(cluster.ClickHouseRoad, 40)),
        FaultRow.OnCluster("C4", "block stored in part", "SIGKILL to the engine at the n-th rename of blocks that span partitions, n = 2 … 5, twice", PartialInsert.StrikeAsync),
        FaultRow.OnCluster("C5", "too many parts", "the engine's own limits on parts set to one, 6 s: it refuses inserts with TOO_MANY_PARTS", TooManyPartsAsync),
        FaultRow.OnCluster("C5b", "memory limit", "every request given 300 kB of memory, 6 s: the engine answers MEMORY_LIMIT_EXCEEDED", MemoryLimitAsync),
        FaultRow.OnCluster("C6", "exception after the first rows", "half of the large answers to reads: 200, the first rows, then exception text and no end; meanwhile owners die and load their state", ExceptionMidBodyAsync),
        FaultRow.OnCluster("C7", "windows dropped and changed", "a partition dropped, values updated, rows deleted, by SQL", BehindOurBack.WindowsAsync),
        FaultRow.OnCluster("C7b", "raw events dropped", "the largest part of the raw table detached", BehindOurBack.RawAsync, BehindOurBack.OnlyNewEvents),
    ];

    private static async Task<Strike> TooManyPartsAsync(MeteringCluster cluster)
    {
        using MeteringClient client = await cluster.NewClientAsync();
        string[] tables = ["usage_raw", "usage_delta", "flush_log"];
        foreach (string table in tables)
        {
            await client.SqlAsync($"ALTER TABLE {table} MODIFY SETTING parts_to_delay_insert = 1, parts_to_throw_insert = 1");
        }

        await Task.Delay(s_refusing);
        foreach (string table in tables)
        {
            await client.SqlAsync($"ALTER TABLE {table} RESET SETTING parts_to_delay_insert, parts_to_throw_insert");
        }

        return Refused(cluster, "TOO_MANY_PARTS");
    }

    private static async Task<Strike> MemoryLimitAsync(MeteringCluster cluster)
    {
        cluster.ClickHouseRoad.Inspection = passing => new(new Passed(WithLittleMemory(passing)));
        await Task.Delay(s_refusing);
        cluster.ClickHouseRoad.Inspection = null;
        return Refused(cluster, "MEMORY_LIMIT_EXCEEDED");
    }

    private static ReadOnlyMemory<byte> WithLittleMemory(Passing passing)
    {
        ReadOnlySpan<byte> post = "POST /?"u8;
        return !passing.IsAnswer && passing.Bytes.Span.StartsWith(post)
            ? (byte[])[.. post, .. "max_memory_usage=300000&"u8, .. passing.Bytes.Span[post.Length..]]
            : passing.Bytes;
    }

    private static async Task<Strike> ExceptionMidBodyAsync(MeteringCluster cluster)
    {
        ExceptionMidBody breaking = new();
        cluster.ClickHouseRoad.Inspection = breaking.Inspect;
        for (int i = 0; i < 4; i++)
        {
            await Task.Delay(s_refusing / 3);
            await KillAsync(cluster.Aggregators[i % 2]);
        }

        cluster.ClickHouseRoad.Inspection = null;
        Assert.True(breaking.Broken > 0, "no answer broke off");
        return new Strike(breaking.Broken, InDoubt: breaking.Broken);
    }

    private static Strike Refused(MeteringCluster cluster, string code)
    {
        int times = System.Text.RegularExpressions.Regex.Count(cluster.Errors, $"Attempt [0-9]+ failed.*{code}");
        Assert.True(times > 0, $"nobody met {code}");
        return new Strike(times);
    }
}
