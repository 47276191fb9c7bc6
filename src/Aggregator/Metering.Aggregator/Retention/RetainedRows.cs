using ClickHouse.Driver.ADO.Readers;
using Metering.Aggregator.Sealing;
using Metering.Storage.ClickHouse;

namespace Metering.Aggregator.Retention;

/// <summary>The partitions of ClickHouse's tables.</summary>
internal sealed class RetainedRows(ClickHouseDatabase database) : IRetainedRows
{
    public Task<IReadOnlyList<string>> FoldedHoursAsync(DateTimeOffset before, Seal seal, CancellationToken cancellationToken) =>
        TextsAsync(
            """
            SELECT toString(toStartOfHour(at)) AS hour FROM usage_delta
            WHERE at < {before:DateTime('UTC')}
            GROUP BY hour HAVING countIf(minute >= {upto:DateTime('UTC')} OR hi > {cut:Array(UInt64)}[part + 1]) = 0
            """,
            [("before", before.UtcDateTime), ("upto", seal.Upto.UtcDateTime), ("cut", Array.ConvertAll(seal.Cut, offset => (ulong)offset))],
            cancellationToken);

    public Task DropHourAsync(string hour, CancellationToken cancellationToken) =>
        database.ExecuteAsync($"ALTER TABLE usage_delta DROP PARTITION '{hour}'", cancellationToken);

    public Task<IReadOnlyList<string>> MonthsBelowAsync(string table, int month, CancellationToken cancellationToken) =>
        TextsAsync(
            "SELECT DISTINCT partition FROM system.parts WHERE database = {database:String} AND table = {table:String} AND active AND toUInt32(partition) < {keep:UInt32}",
            [("database", database.Name), ("table", table), ("keep", month)],
            cancellationToken);

    public Task DropMonthAsync(string table, string month, CancellationToken cancellationToken) =>
        database.ExecuteAsync($"ALTER TABLE {table} DROP PARTITION {month}", cancellationToken);

    private async Task<IReadOnlyList<string>> TextsAsync(string sql, (string Name, object Value)[] parameters, CancellationToken cancellationToken)
    {
        await using ClickHouseDataReader reader = await database.QueryAsync(sql, parameters, cancellationToken);
        List<string> texts = [];
        while (await reader.ReadAsync(cancellationToken))
        {
            texts.Add(reader.GetString(0));
        }

        return texts;
    }
}
