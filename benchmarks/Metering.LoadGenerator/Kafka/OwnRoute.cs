using System.Diagnostics;

namespace Metering.LoadGenerator.Kafka;

/// <param name="Took">Insert and grouping together.</param>
/// <param name="Processor">ClickHouse's, meanwhile.</param>
internal sealed record OwnRouteResult(TimeSpan Took, TimeSpan Processor);

/// <summary>
/// What ClickHouse does alone with the same events: rows as JSON into a plain table, then one statement that groups them by minute. Nothing is
/// deduplicated, nothing can be late, and no insert waits for the disk.
/// </summary>
internal static class OwnRoute
{
    private const int BodyRows = 100_000;
    private const int Connections = 2;

    private static readonly string[] s_tables =
    [
        """
        CREATE TABLE own_raw (tenant LowCardinality(String), type LowCardinality(String), subject String, time DateTime64(7, 'UTC'), source String, id String, data String)
        ENGINE = MergeTree ORDER BY (tenant, type, subject, time)
        """,
        """
        CREATE TABLE own_minute (tenant LowCardinality(String), subject String, minute DateTime('UTC'), model String, s Decimal(38, 12), n Int64)
        ENGINE = MergeTree ORDER BY (tenant, subject, minute, model)
        """,
    ];

    private const string Group = """
        INSERT INTO own_minute
        SELECT tenant, subject, toStartOfMinute(time) AS minute, JSONExtractString(data, 'model') AS model,
          sum(toDecimal128(JSONExtractRaw(data, 'tokens'), 12)), toInt64(count())
        FROM own_raw GROUP BY tenant, subject, minute, model
        """;

    /// <exception cref="IOException">Its usage is another than ours.</exception>
    public static async Task<OwnRouteResult> RunAsync(Deployment deployment, SampleUsage usage, CancellationToken cancellationToken)
    {
        SqlClient sql = deployment.Sql;
        foreach (string table in s_tables)
        {
            await sql.ExecuteAsync(table, cancellationToken);
        }

        byte[][] bodies = Bodies(usage);
        TimeSpan busyBefore = ServerProcesses.Busy(deployment.ClickHouseProcess);
        long started = Stopwatch.GetTimestamp();
        ParallelOptions parallel = new() { MaxDegreeOfParallelism = Connections, CancellationToken = cancellationToken };
        await Parallel.ForEachAsync(bodies, parallel, async (body, token) => await sql.InsertAsync("INSERT INTO own_raw FORMAT JSONEachRow", body, token));
        await sql.ExecuteAsync(Group, cancellationToken);
        OwnRouteResult result = new(Stopwatch.GetElapsedTime(started), ServerProcesses.Busy(deployment.ClickHouseProcess) - busyBefore);
        await CompareAsync(sql, cancellationToken);
        return result;
    }

    private static byte[][] Bodies(SampleUsage usage)
    {
        List<byte[]> bodies = [];
        for (long first = 0; first < usage.Count; first += BodyRows)
        {
            bodies.Add(usage.Rows(first, (int)Math.Min(BodyRows, usage.Count - first)));
        }

        return [.. bodies];
    }

    /// <summary>Both have counted the same, in every window.</summary>
    private static async Task CompareAsync(SqlClient sql, CancellationToken cancellationToken)
    {
        long different = await sql.ScalarAsync(
            $"""
            SELECT toInt64(count()) FROM (
              SELECT subject, minute, model, s AS total, n AS events FROM own_minute
              EXCEPT
              SELECT subject, minute, dimensions['model'], total, events FROM usage_by_minute WHERE tenant = '{LoadOptions.Tenant}' AND meter = 'tokens')
            """,
            cancellationToken);
        if (different != 0)
        {
            throw new IOException($"{different} windows differ between ClickHouse's own route and ours.");
        }
    }
}
