using Metering.Aggregator.Engine.Flushing;
using Metering.Storage.Postgres;
using Metering.Storage.Postgres.Generations;
using Npgsql;

namespace Metering.Aggregator.Partitions;

/// <summary>
/// Ownership and progress of the partitions, in PostgreSQL. Every write compares the epoch, so a former owner's write changes nothing; every
/// write can be repeated when its outcome is unknown. Safe for concurrent use.
/// </summary>
public sealed class PartitionStore(PostgresDatabase database, LogGeneration generation, AggregatorOptions options) : IPartitionStore
{
    private const string Free = "(lease_until is null or lease_until < now() or owner = $1)";

    /// <summary>Partitions of closed generations are complete; those of a newer one are in a topic that this process does not read.</summary>
    private readonly string _mayGoOn = $"stopped is null and (part between {generation.FirstPart} and {generation.LastPart} or part = {generation.House})";

    /// <summary>Makes the rows of a new topic, or checks that the topic is the one they were made for.</summary>
    /// <exception cref="PartitionStoppedException">It is another topic, or has another partition count.</exception>
    public async Task InitializeAsync(string topicId, CancellationToken cancellationToken)
    {
        await using NpgsqlConnection connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellationToken);
        await using NpgsqlCommand insert = connection.Command(
            "insert into log_topic (generation, broker_topic_id, partitions) select 1, $1, $2 where $3 = 1 on conflict do nothing", topicId, generation.Partitions, generation.Number);
        await insert.ExecuteNonQueryAsync(cancellationToken);
        await CheckTopicAsync(connection, topicId, cancellationToken);
        await using NpgsqlCommand rows = connection.Command(
            """
            insert into partition_state (part, clock)
            select part, case when part = $1 then 'infinity'::timestamptz else 'epoch'::timestamptz end
            from generate_series(0, $1) as part
            on conflict do nothing
            """,
            generation.House);
        await rows.ExecuteNonQueryAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    /// <summary>
    /// Says that this owner is alive, and asks for its share: the partitions that may go on, spread over the live owners as evenly as whole numbers
    /// allow, so that the shares of all add up.
    /// </summary>
    /// <param name="held">What it holds: not counted as free.</param>
    public async Task<Balance> AnnounceAsync(IReadOnlyCollection<int> held, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand announce = database.Source.Command(
            """
            with gone as (delete from aggregator where alive_until < now() - interval '1 day')
            insert into aggregator (owner, alive_until) values ($1, now() + $2) on conflict (owner) do update set alive_until = excluded.alive_until
            """,
            options.Owner, options.Lease);
        await announce.ExecuteNonQueryAsync(cancellationToken);
        await using NpgsqlCommand command = database.Source.Command(
            $"""
            with live as (
              select owner, row_number() over (order by owner) as place, count(*) over () as owners from aggregator where alive_until >= now()),
            parts as (
              select count(*) as total, count(*) filter (where part <> all ($2) and {Free}) as free from partition_state where {_mayGoOn})
            select total / owners + case when place <= total % owners then 1 else 0 end, free from live, parts where owner = $1
            """,
            options.Owner, held.ToArray());
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken) ? new Balance((int)reader.GetInt64(0), (int)reader.GetInt64(1)) : default;
    }

    /// <summary>Takes partitions that are free, whose lease has run out, or that an owner of this name held in an earlier life.</summary>
    /// <param name="held">What it holds already.</param>
    /// <param name="atMost">How many to take.</param>
    public async Task<IReadOnlyList<PartitionState>> AcquireAsync(IReadOnlyCollection<int> held, int atMost, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = database.Source.Command(
            $"""
            update partition_state set epoch = epoch + 1, owner = $1, lease_until = now() + $4
            where part in (
              select part from partition_state where {_mayGoOn} and part <> all ($2) and {Free} order by part limit $3 for update skip locked)
            returning part, epoch, confirmed, pend_lo, pend_hi, flush_no, case when clock = 'infinity' then 'epoch'::timestamptz else clock end
            """,
            options.Owner, held.ToArray(), atMost, options.Lease);
        List<PartitionState> taken = [];
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            taken.Add(Read(reader));
        }

        return [.. taken.OrderBy(state => state.Part)];
    }

    /// <summary>Prolongs the leases.</summary>
    /// <returns>The partitions that are still this owner's.</returns>
    public async Task<IReadOnlySet<int>> RenewAsync(IReadOnlyCollection<(int Part, long Epoch)> held, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = database.Source.Command(
            """
            update partition_state p set lease_until = now() + $1 from unnest($2::int[], $3::bigint[]) as held (part, epoch)
            where p.part = held.part and p.epoch = held.epoch and p.stopped is null
            returning p.part
            """,
            options.Lease, held.Select(one => one.Part).ToArray(), held.Select(one => one.Epoch).ToArray());
        HashSet<int> kept = [];
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            kept.Add(reader.GetInt32(0));
        }

        return kept;
    }

    /// <summary>No longer counts as alive, so that the others take what it gives back at once.</summary>
    public async Task LeaveAsync(CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = database.Source.Command("delete from aggregator where owner = $1", options.Owner);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Gives the leases back, so that another owner need not wait for them to run out.</summary>
    public async Task ReleaseAsync(IReadOnlyCollection<(int Part, long Epoch)> held, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = database.Source.Command(
            """
            update partition_state p set lease_until = null, owner = null from unnest($1::int[], $2::bigint[]) as held (part, epoch)
            where p.part = held.part and p.epoch = held.epoch
            """,
            held.Select(one => one.Part).ToArray(), held.Select(one => one.Epoch).ToArray());
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Records that these ranges are on their way, before the first row is sent. Repeating it is harmless.</summary>
    /// <returns>The partitions that are still this owner's; the others leave the block.</returns>
    public Task<IReadOnlySet<int>> BeginAsync(IReadOnlyCollection<FlushStep> steps, CancellationToken cancellationToken) =>
        ForEachAsync(
            steps,
            step => PostgresCommands.BatchCommand(
                """
                update partition_state set pend_lo = $3, pend_hi = $4, lease_until = now() + $5
                where part = $1 and epoch = $2 and stopped is null and confirmed < $3 and (pend_lo is null or (pend_lo = $3 and pend_hi = $4))
                """,
                    step.Part, step.Epoch, step.Lo, step.Hi, options.Lease),
            cancellationToken);

    /// <summary>Records that these ranges are in ClickHouse. Repeating it is harmless.</summary>
    /// <inheritdoc cref="BeginAsync"/>
    public Task<IReadOnlySet<int>> ConfirmAsync(IReadOnlyCollection<FlushStep> steps, CancellationToken cancellationToken) =>
        ForEachAsync(
            steps,
            step => PostgresCommands.BatchCommand(
                """
                update partition_state set confirmed = $4, pend_lo = null, pend_hi = null, flush_no = $5, lease_until = now() + $6,
                  clock = case when flush_no = $5 then clock else greatest(clock, $7) end,
                  records = case when flush_no = $5 then records else records + $8 end
                where part = $1 and epoch = $2 and ((pend_lo = $3 and pend_hi = $4) or (pend_lo is null and confirmed = $4 and flush_no = $5))
                """,
                    step.Part, step.Epoch, step.Lo, step.Hi, step.FlushNo,
                    options.Lease, step.Clock, step.Records),
            cancellationToken);

    /// <summary>Stops a partition for good; only a person starts it again (<c>metering repair</c>).</summary>
    /// <returns>False when another owner has it: what this one found wrong is then only that it is late.</returns>
    public async Task<bool> StopAsync(int part, long epoch, string why, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = database.Source.Command(
            "update partition_state set stopped = $3, epoch = epoch + 1 where part = $1 and epoch = $2", part, epoch, why);
        return await command.ExecuteNonQueryAsync(cancellationToken) == 1;
    }

    private async Task<IReadOnlySet<int>> ForEachAsync(
        IReadOnlyCollection<FlushStep> steps, Func<FlushStep, NpgsqlBatchCommand> write, CancellationToken cancellationToken)
    {
        await using NpgsqlConnection connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellationToken);
        await using NpgsqlBatch batch = new(connection, transaction);
        foreach (FlushStep step in steps)
        {
            batch.BatchCommands.Add(write(step));
        }

        await batch.ExecuteNonQueryAsync(cancellationToken);
        IReadOnlySet<int> held = steps.Where((_, index) => batch.BatchCommands[index].RecordsAffected == 1).Select(step => step.Part).ToHashSet();
        await transaction.CommitAsync(cancellationToken);
        return held;
    }

    private async Task CheckTopicAsync(NpgsqlConnection connection, string topicId, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand select = new("select broker_topic_id, partitions, generation from log_topic order by generation desc limit 1", connection);
        await using NpgsqlDataReader reader = await select.ExecuteReaderAsync(cancellationToken);
        if (!await reader.ReadAsync(cancellationToken) || reader.GetInt32(2) != generation.Number)
        {
            throw new PartitionStoppedException(0, $"this process uses generation {generation.Number} of the log, and the log has grown since: restart it");
        }

        if (reader.GetString(0) != topicId)
        {
            throw new PartitionStoppedException(0, $"the log's topic is {topicId}, but the recorded progress belongs to topic {reader.GetString(0)}: the topic was made anew or another PostgreSQL is connected");
        }

        if (reader.GetInt32(1) != generation.Partitions)
        {
            throw new PartitionStoppedException(0, $"the topic has {generation.Partitions} partitions, the recorded progress {reader.GetInt32(1)}; the count of a topic never changes, 'metering grow' makes a new one");
        }
    }

    private static PartitionState Read(NpgsqlDataReader reader) => new(
        reader.GetInt32(0),
        reader.GetInt64(1),
        reader.GetInt64(2),
        reader.IsDBNull(3) ? null : reader.GetInt64(3),
        reader.IsDBNull(4) ? null : reader.GetInt64(4),
        reader.GetInt64(5),
        reader.GetFieldValue<DateTimeOffset>(6));
}

/// <param name="Share">How many partitions this owner should hold.</param>
/// <param name="Free">How many it could take now.</param>
public readonly record struct Balance(int Share, int Free)
{
    /// <summary>Whether an owner of this many partitions has to give some back, or can take some.</summary>
    public bool CallsForChange(int held) => held > Share || (held < Share && Free > 0);
}

/// <summary>What PostgreSQL is told of one partition's flush.</summary>
/// <param name="Clock">The partition's clock once the flush is confirmed.</param>
public readonly record struct FlushStep(int Part, long Epoch, long Lo, long Hi, long FlushNo, long Records, DateTimeOffset Clock)
{
    public static FlushStep Of(Flush flush, long epoch, long flushNo) =>
        new(flush.Partition, epoch, flush.Lo, flush.Hi, flushNo, flush.Records, DateTimeOffset.FromUnixTimeMilliseconds(flush.AtMs));
}
