using Metering.Aggregator.Engine.Meters;
using Metering.Storage.Postgres;
using Npgsql;

namespace Metering.Aggregator.Meters;

/// <summary>The ranges in PostgreSQL.</summary>
public sealed class MeterRanges(PostgresDatabase database) : IMeterRanges
{
    public async Task<bool> RegisterAsync(int part, long epoch, CancellationToken cancellationToken)
    {
        await using NpgsqlConnection connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellationToken);
        await using NpgsqlCommand fence = connection.Command(
            "select confirmed from partition_state where part = $1 and epoch = $2 and pend_lo is null and stopped is null for update", part, epoch);
        if (await fence.ExecuteScalarAsync(cancellationToken) is not long confirmed)
        {
            return false;
        }

        await using NpgsqlCommand begin = connection.Command(
            "insert into meter_range (mrev, part, from_off) select mrev, $1, $2 from meter_rev where state <> 'retired' on conflict do nothing", part, confirmed + 1);
        await begin.ExecuteNonQueryAsync(cancellationToken);
        await using NpgsqlCommand end = connection.Command(
            """
            update meter_range r set until_off = $2 from meter_rev v
            where v.mrev = r.mrev and v.state = 'retired' and r.part = $1 and r.until_off is null
            """,
            part, confirmed + 1);
        await end.ExecuteNonQueryAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return true;
    }

    public async Task<MeterSet> ActiveAsync(int part, long lo, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = database.Source.Command(
            """
            select r.mrev, m.tenant, v.definition::text
            from meter_range r join meter_rev v on v.mrev = r.mrev join meter m on m.id = v.meter_id
            where r.part = $1 and r.from_off <= $2 and (r.until_off is null or r.until_off > $2)
            """,
            part, lo);
        List<MeterRevision> revisions = [];
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            revisions.Add(new MeterRevision(reader.GetInt32(0), reader.GetString(1), MeterDefinition.FromJson(reader.GetString(2))));
        }

        return new MeterSet(revisions);
    }
}
