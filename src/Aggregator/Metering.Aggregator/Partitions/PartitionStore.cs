using Metering.Aggregator.Engine.Flushing;
using Metering.Storage.Postgres;
using Npgsql;

namespace Metering.Aggregator.Partitions;

/// <summary>
/// Ownership and progress of the partitions, in PostgreSQL. Every write compares the epoch, so a former owner's write changes nothing; every
/// write can be repeated when its outcome is unknown. Safe for concurrent use.
/// </summary>
public sealed class PartitionStore(PostgresDatabase database, AggregatorOptions options)
{
    /// <summary>Makes the rows of a new topic, or checks that the topic is the one they were made for.</summary>
    /// <exception cref="PartitionStoppedException">It is another topic, or has another partition count.</exception>
    public async Task InitializeAsync(string topicId, int partitions, CancellationToken cancellationToken)
    {
        await using NpgsqlConnection connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellationToken);
        await using NpgsqlCommand insert = connection.Command(
            "insert into log_topic (generation, broker_topic_id, partitions) values (1, $1, $2) on conflict do nothing", topicId, partitions);
        await insert.ExecuteNonQueryAsync(cancellationToken);
        await CheckTopicAsync(connection, topicId, partitions, cancellationToken);
        await using NpgsqlCommand rows = connection.Command(
            """
            insert into partition_state (part, clock)
            select part, case when part = $1 then 'infinity'::timestamptz else 'epoch'::timestamptz end
            from generate_series(0, $1) as part
            on conflict do nothing
            """,
            partitions);
        await rows.ExecuteNonQueryAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    /// <summary>Takes every partition that is free, whose lease has run out, or that this owner held before.</summary>
    public async Task<IReadOnlyList<PartitionState>> AcquireAsync(IReadOnlyCollection<int> except, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = database.Source.Command(
            """
            update partition_state set epoch = epoch + 1, owner = $1, lease_until = now() + $2
            where part in (
              select part from partition_state
              where stopped is null and part <> all ($3) and (lease_until is null or lease_until < now() or owner = $1)
              order by part for update skip locked)
            returning part, epoch, confirmed, pend_lo, pend_hi, flush_no, case when clock = 'infinity' then 'epoch'::timestamptz else clock end
            """,
            options.Owner, options.Lease, except.ToArray());
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
    public async Task StopAsync(int part, string why, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = database.Source.Command("update partition_state set stopped = $2, epoch = epoch + 1 where part = $1", part, why);
        await command.ExecuteNonQueryAsync(cancellationToken);
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

    private static async Task CheckTopicAsync(NpgsqlConnection connection, string topicId, int partitions, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand select = new("select broker_topic_id, partitions from log_topic order by generation desc limit 1", connection);
        await using NpgsqlDataReader reader = await select.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        if (reader.GetString(0) != topicId)
        {
            throw new PartitionStoppedException(0, $"the log's topic is {topicId}, but the recorded progress belongs to topic {reader.GetString(0)}: the topic was made anew or another PostgreSQL is connected");
        }

        if (reader.GetInt32(1) != partitions)
        {
            throw new PartitionStoppedException(0, $"the topic has {partitions} partitions, the recorded progress {reader.GetInt32(1)}; the count of a topic never changes");
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

/// <summary>What PostgreSQL is told of one partition's flush.</summary>
/// <param name="Clock">The partition's clock once the flush is confirmed.</param>
public readonly record struct FlushStep(int Part, long Epoch, long Lo, long Hi, long FlushNo, long Records, DateTimeOffset Clock)
{
    public static FlushStep Of(Flush flush, long epoch, long flushNo) =>
        new(flush.Partition, epoch, flush.Lo, flush.Hi, flushNo, flush.Records, DateTimeOffset.FromUnixTimeMilliseconds(flush.AtMs));
}
