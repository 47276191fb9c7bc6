using ClickHouse.Driver.ADO.Readers;
using Metering.Query.Tests.Testing;
using Metering.Storage.ClickHouse;
using Xunit;

namespace Metering.Query.Tests.Usage;

/// <summary>
/// Folding changes no answer, also for a query that is being prepared while a seal is written. ClickHouse can be told to be slow between
/// fixing which rows of a table a query sees and everything after it.
/// </summary>
public sealed class SealingReaderTests(Engines engines)
{
    private const int Flushes = 30;
    private const string Row = "'t', 1, '', toDateTime('2024-01-01 00:00:00', 'UTC'), [], 0, toDateTime64('1970-01-01 00:00:00', 7, 'UTC'), toFixedString('', 16), 'use'";
    private static readonly TimeSpan s_step = TimeSpan.FromMilliseconds(30);

    [Theory]
    [InlineData("SELECT sum(n) FROM usage_values")]
    [InlineData("SELECT toInt64(avg(n)) FROM (SELECT sum(n) AS n FROM usage_values UNION ALL SELECT sum(n) FROM usage_values)")]
    public async Task Every_read_beside_a_sealer_counts_every_event_once(string sql)
    {
        CancellationToken cancellationToken = TestContext.Current.CancellationToken;
        using ClickHouseDatabase database = engines.OpenNewDatabase();
        await database.MigrateAsync(cancellationToken);
        await FlushAsync(database, cancellationToken);

        List<long> counts = [];
        Task sealing = SealAsync(database, cancellationToken);
        while (!sealing.IsCompleted)
        {
            counts.Add(await CountAsync(database, sql, cancellationToken));
        }

        await sealing;
        Assert.True(counts.Count > 1);
        Assert.All(counts, count => Assert.Equal(Flushes, count));
    }

    /// <summary>One event a flush, at the offsets 1, 2, 3 … of partition 0, all confirmed.</summary>
    private static async Task FlushAsync(ClickHouseDatabase database, CancellationToken cancellationToken)
    {
        await database.ExecuteAsync($"""
            INSERT INTO usage_delta (tenant, meter, subject, minute, grp, v, vt, vid, kind, part, lo, hi, at, s, n)
            SELECT {Row}, 0, number + 1, number + 1, toDateTime('2024-01-01 00:00:00', 'UTC'), 1, 1 FROM numbers({Flushes})
            """, cancellationToken);
        await database.ExecuteAsync($"INSERT INTO flush_mark VALUES (0, {Flushes}), (1, 0)", cancellationToken);
    }

    /// <summary>As the sealer does: the windows, then the mark; here one event a seal.</summary>
    private static async Task SealAsync(ClickHouseDatabase database, CancellationToken cancellationToken)
    {
        for (int seal = 1; seal <= Flushes; seal++)
        {
            await database.ExecuteAsync($"""
                INSERT INTO usage_window (tenant, meter, subject, minute, grp, v, vt, vid, kind, seal_no, sealed_at, s, n)
                SELECT {Row}, {seal}, toDateTime('2024-01-01 00:00:00', 'UTC'), 1, 1
                """, cancellationToken);
            await database.ExecuteAsync(
                $"INSERT INTO seal_mark VALUES ({seal}, toDateTime('2024-01-01 00:01:00', 'UTC'), [{seal}, 0], toDateTime('2024-01-01 00:00:00', 'UTC'))", cancellationToken);
            await Task.Delay(s_step, cancellationToken);
        }
    }

    private static async Task<long> CountAsync(ClickHouseDatabase database, string sql, CancellationToken cancellationToken)
    {
        await using ClickHouseDataReader reader = await database.QueryAsync(
            $"{sql} SETTINGS merge_tree_storage_snapshot_sleep_ms = {s_step.TotalMilliseconds}", [], cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return reader.GetInt64(0);
    }
}
