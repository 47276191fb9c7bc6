using System.Text.Json;
using ClickHouse.Driver.ADO.Readers;
using Metering.Storage.ClickHouse;

namespace Metering.Host.Demo;

/// <summary>How much has been taken from the log and what became of it.</summary>
/// <param name="Records">Ticks left out.</param>
internal readonly record struct DemoCounts(long Records, long Accepted, long Duplicates)
{
    /// <summary>From the flush records that readers may see: cheap enough to ask twice a second.</summary>
    public static async Task<DemoCounts> ReadAsync(ClickHouseDatabase database, CancellationToken cancellationToken)
    {
        await using ClickHouseDataReader reader = await database.QueryAsync(
            """
            WITH (SELECT groupArray(hi) FROM (SELECT part, hi FROM flush_mark FINAL ORDER BY part)) AS fm
            SELECT toInt64(sum(records)) - toInt64(sum(ticks)), toInt64(sum(accepted)), toInt64(sum(duplicates)) FROM flush_log FINAL WHERE hi <= fm[part + 1]
            """,
            [],
            cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return new DemoCounts(reader.GetInt64(0), reader.GetInt64(1), reader.GetInt64(2));
    }

    /// <param name="report">Of an audit.</param>
    public static DemoCounts Of(JsonElement report)
    {
        long Number(string name) => report.GetProperty(name).GetInt64();
        return new DemoCounts(Number("records") - Number("ticks"), Number("accepted"), Number("duplicates"));
    }

    public DemoCounts Since(DemoCounts before) => new(Records - before.Records, Accepted - before.Accepted, Duplicates - before.Duplicates);
}
