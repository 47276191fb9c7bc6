using Metering.Storage.Postgres;
using Npgsql;

namespace Metering.Aggregator.House;

/// <summary>House jobs in PostgreSQL.</summary>
internal sealed class HouseJobStore(PostgresDatabase database) : IHouseJobStore
{
    public async Task<HouseJob?> NextAsync(long after, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = database.Source.Command(
            "select seq, kind, args::text, created_at from house_job where seq > $1 order by seq limit 1", after);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken)
            ? new HouseJob(reader.GetInt64(0), reader.GetString(1), reader.GetString(2), reader.GetFieldValue<DateTimeOffset>(3))
            : null;
    }

    public async Task<IReadOnlyList<(int Revision, long[] Starts)>> UnplannedAsync(int house, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = database.Source.Command(
            """
            with parts as (
              select part, part <> $1 and part < (select max(first_part) from log_topic) as closed from partition_state)
            select v.mrev, array_agg(coalesce(r.from_off, case when p.closed then 9223372036854775807 else 0 end) order by p.part)
            from meter_rev v cross join parts p left join meter_range r on r.mrev = v.mrev and r.part = p.part
            where v.state = 'backfilling' and v.last_job is null
            group by v.mrev having bool_and(r.from_off is not null or p.closed or p.part = $1) order by v.mrev
            """,
            house);
        List<(int, long[])> revisions = [];
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            revisions.Add((reader.GetInt32(0), reader.GetFieldValue<long[]>(1)));
        }

        return revisions;
    }

    public async Task<bool> PlanAsync(int revision, IReadOnlyCollection<string> jobArgs, int housePart, long epoch, CancellationToken cancellationToken)
    {
        await using NpgsqlConnection connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellationToken);
        await using NpgsqlCommand fence = connection.Command("select 1 from partition_state where part = $1 and epoch = $2 for update", housePart, epoch);
        if (await fence.ExecuteScalarAsync(cancellationToken) is null)
        {
            return false;
        }

        await using NpgsqlCommand plan = connection.Command(
            """
            with jobs as (
              insert into house_job (kind, args) select 'backfill', args::jsonb from unnest($2::text[]) as args
              where exists (select 1 from meter_rev where mrev = $1 and last_job is null) returning seq)
            update meter_rev set last_job = coalesce((select max(seq) from jobs), 0) where mrev = $1 and last_job is null
            """,
            revision, jobArgs.ToArray());
        await plan.ExecuteNonQueryAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return true;
    }

    public async Task<bool> AddRepairsAsync(IReadOnlyCollection<string> jobArgs, int housePart, long asOf, CancellationToken cancellationToken)
    {
        await using NpgsqlConnection connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellationToken);
        await using NpgsqlCommand hold = connection.Command("select 1 from partition_state where part = $1 for update", housePart);
        await hold.ExecuteScalarAsync(cancellationToken);
        await using NpgsqlCommand add = connection.Command(
            """
            insert into house_job (kind, args) select 'repair', args::jsonb from unnest($1::text[]) as args
            where not exists (select 1 from house_job where kind = 'repair' and seq > $2)
            """,
            jobArgs.ToArray(), asOf);
        bool added = await add.ExecuteNonQueryAsync(cancellationToken) > 0;
        await transaction.CommitAsync(cancellationToken);
        return added;
    }

    public async Task<IReadOnlyList<int>> MarkReadyAsync(int house, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = database.Source.Command(
            """
            with ready as (
              update meter_rev set state = 'ready'
              where state = 'backfilling' and last_job is not null
                and last_job <= coalesce((select cut[$1 + 1] from seal where state = 'done' order by seal_no desc limit 1), 0)
              returning mrev, meter_id),
            retired as (
              update meter_rev v set state = 'retired' from ready r where v.meter_id = r.meter_id and v.mrev < r.mrev and v.state <> 'retired' returning v.mrev)
            select mrev from ready
            """,
            house);
        List<int> ready = [];
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            ready.Add(reader.GetInt32(0));
        }

        return ready;
    }
}
