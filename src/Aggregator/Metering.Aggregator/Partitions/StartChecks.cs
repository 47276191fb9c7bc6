using ClickHouse.Driver.ADO.Readers;
using Metering.EventLog;
using Metering.Storage.ClickHouse;
using Metering.Storage.Postgres;
using Npgsql;

namespace Metering.Aggregator.Partitions;

/// <summary>
/// What must agree before a partition is processed: the log, PostgreSQL and ClickHouse may each have been restored from a backup or made
/// anew. Going on would lose usage or count it twice; stopping with a name costs nothing but time.
/// </summary>
internal sealed class StartChecks(PostgresDatabase postgres, ClickHouseDatabase clickHouse)
{
    /// <exception cref="PartitionStoppedException">They do not agree.</exception>
    public async Task CheckAsync(PartitionState state, ITopic topic, CancellationToken cancellationToken)
    {
        OffsetRange range = await topic.GetRangeAsync(state.Part, cancellationToken);
        if (state.Confirmed >= range.High)
        {
            throw new PartitionStoppedException(
                state.Part,
                $"offset {state.Confirmed} is recorded as processed, but the log ends at {range.High}: the log has lost records or is another one");
        }

        await CheckRowsAsync(state, cancellationToken);
    }

    /// <summary>Seals that ClickHouse knows and PostgreSQL does not mean an older PostgreSQL: sealing again would change the past.</summary>
    public async Task CheckSealsAsync(CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = postgres.Source.Command("select coalesce(max(seal_no), 0) from seal");
        long known = (long)(await command.ExecuteScalarAsync(cancellationToken))!;
        long marked = await MaxAsync("SELECT max(seal_no) FROM seal_mark", [], cancellationToken);
        if (marked > known)
        {
            throw new PartitionStoppedException(
                0, $"ClickHouse has seal {marked}, PostgreSQL only {known}: PostgreSQL is older than ClickHouse, probably restored from a backup");
        }
    }

    private async Task CheckRowsAsync(PartitionState state, CancellationToken cancellationToken)
    {
        long bound = state.PendingHi ?? state.Confirmed;
        (string Name, object Value)[] part = [("part", state.Part)];
        foreach ((string what, string sql) in new[]
        {
            ("raw events", "SELECT max(off) FROM usage_raw WHERE part = {part:UInt16}"),
            ("flush records", "SELECT max(hi) FROM flush_log WHERE part = {part:UInt16}"),
            ("read marks", "SELECT max(hi) FROM flush_mark WHERE part = {part:UInt16}"),
        })
        {
            long highest = await MaxAsync(sql, part, cancellationToken);
            if (highest > bound)
            {
                throw new PartitionStoppedException(
                    state.Part,
                    $"ClickHouse has {what} up to offset {highest}, PostgreSQL knows only {bound}: PostgreSQL is older than ClickHouse, probably restored from a backup; 'metering repair checkpoint' adopts what ClickHouse has");
            }
        }
    }

    private async Task<long> MaxAsync(string sql, (string Name, object Value)[] parameters, CancellationToken cancellationToken)
    {
        await using ClickHouseDataReader reader = await clickHouse.QueryAsync(sql, parameters, cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return (long)reader.GetFieldValue<ulong>(0);
    }
}
