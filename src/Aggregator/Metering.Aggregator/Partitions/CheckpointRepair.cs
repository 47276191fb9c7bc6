using System.Globalization;
using ClickHouse.Driver.ADO.Readers;
using Metering.Storage.ClickHouse;
using Metering.Storage.Postgres;
using Npgsql;

namespace Metering.Aggregator.Partitions;

/// <summary>What a partition went on from after the repair.</summary>
public sealed record AdoptedCheckpoint(int Part, long Confirmed, long FlushNo, long DiscardedRows);

/// <summary>
/// For a PostgreSQL that is older than ClickHouse, as after a restore: progress and seals are taken over from ClickHouse's own records, and
/// partitions that had stopped go on. Rows above the last flush record belong to a flush nobody knows the range of any more: they were never
/// visible or sealed, so they are removed, and the log brings their events again.
/// </summary>
internal sealed class CheckpointRepair(PostgresDatabase postgres, ClickHouseDatabase clickHouse, StartChecks checks)
{
    public async Task<IReadOnlyList<AdoptedCheckpoint>> RunAsync(CancellationToken cancellationToken)
    {
        await checks.CheckGenerationAsync(cancellationToken);
        await AdoptSealsAsync(cancellationToken);
        List<AdoptedCheckpoint> adopted = [];
        foreach (int part in await PartitionsAsync(cancellationToken))
        {
            adopted.Add(await AdoptAsync(part, cancellationToken));
        }

        return adopted;
    }

    private async Task<AdoptedCheckpoint> AdoptAsync(int part, CancellationToken cancellationToken)
    {
        (string Name, object Value)[] parameters = [("part", part)];
        await using ClickHouseDataReader reader = await clickHouse.QueryAsync(
            "SELECT max(hi), max(flush_no), sum(records), toUnixTimestamp64Milli(max(at)) FROM flush_log FINAL WHERE part = {part:UInt16}", parameters, cancellationToken);
        await reader.ReadAsync(cancellationToken);
        long confirmed = (long)reader.GetFieldValue<ulong>(0), flushNo = (long)reader.GetFieldValue<ulong>(1), records = (long)reader.GetFieldValue<ulong>(2);
        DateTimeOffset clock = DateTimeOffset.FromUnixTimeMilliseconds(Math.Max(0, reader.GetFieldValue<long>(3)));

        // Fenced first: from here on no owner can confirm anything on top of the old state.
        await using NpgsqlCommand fence = postgres.Source.Command(
            "update partition_state set epoch = epoch + 1, owner = null, lease_until = now() + interval '1 minute' where part = $1", part);
        await fence.ExecuteNonQueryAsync(cancellationToken);
        long discarded = await DiscardAboveAsync(part, confirmed, cancellationToken);
        await using NpgsqlCommand update = postgres.Source.Command(
            """
            update partition_state set confirmed = $2, flush_no = $3, records = $4, pend_lo = null, pend_hi = null, stopped = null, lease_until = null,
              clock = case when clock = 'infinity' then clock else greatest(clock, $5) end
            where part = $1
            """,
            part, confirmed, flushNo, records, clock);
        await update.ExecuteNonQueryAsync(cancellationToken);
        return new AdoptedCheckpoint(part, confirmed, flushNo, discarded);
    }

    private async Task<long> DiscardAboveAsync(int part, long confirmed, CancellationToken cancellationToken)
    {
        long discarded = 0;
        foreach ((string table, string offset) in new[] { ("usage_raw", "off"), ("dead_letter", "off"), ("usage_delta", "hi") })
        {
            string above = string.Create(CultureInfo.InvariantCulture, $"part = {part} AND {offset} > {confirmed}");
            await using ClickHouseDataReader reader = await clickHouse.QueryAsync($"SELECT count() FROM {table} WHERE {above}", [], cancellationToken);
            await reader.ReadAsync(cancellationToken);
            long rows = (long)reader.GetFieldValue<ulong>(0);
            if (rows > 0)
            {
                await clickHouse.ExecuteAsync($"ALTER TABLE {table} DELETE WHERE {above} SETTINGS mutations_sync = 2", cancellationToken);
                discarded += rows;
            }
        }

        return discarded;
    }

    private async Task AdoptSealsAsync(CancellationToken cancellationToken)
    {
        await using ClickHouseDataReader reader = await clickHouse.QueryAsync(
            "SELECT seal_no, toUnixTimestamp(upto), cut, toUnixTimestamp(sealed_at) FROM seal_mark FINAL WHERE seal_no > 0 ORDER BY seal_no", [], cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            await using NpgsqlCommand insert = postgres.Source.Command(
                """
                insert into seal (seal_no, upto, cut, sealed_at, state) values ($1, to_timestamp($2), $3, to_timestamp($4), 'done')
                on conflict (seal_no) do update set upto = excluded.upto, cut = excluded.cut, sealed_at = excluded.sealed_at, state = 'done' where seal.state = 'pending'
                """,
                (long)reader.GetFieldValue<ulong>(0), (double)reader.GetFieldValue<uint>(1),
                Array.ConvertAll(reader.GetFieldValue<ulong[]>(2), offset => (long)offset), (double)reader.GetFieldValue<uint>(3));
            await insert.ExecuteNonQueryAsync(cancellationToken);
        }
    }

    private async Task<IReadOnlyList<int>> PartitionsAsync(CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = postgres.Source.Command("select part from partition_state order by part");
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        List<int> parts = [];
        while (await reader.ReadAsync(cancellationToken))
        {
            parts.Add(reader.GetInt32(0));
        }

        return parts;
    }
}
