using Metering.Aggregator.Flushing;
using Metering.EventLog;
using Metering.Storage.Postgres;
using Metering.Storage.Postgres.Generations;
using Npgsql;

namespace Metering.Aggregator.Generations;

/// <summary>Why the log does not grow; the message has the remedy. Nothing was changed.</summary>
public sealed class GrowthRefusedException(string message) : Exception(message);

/// <summary>
/// Makes the next generation of the usage topic. The switch is one transaction at offsets that are confirmed, so every record of the old topic is
/// either counted under its old number or moved to the new topic, and never both. Ingestion may go on meanwhile: what it still puts into the old
/// topic is moved.
/// </summary>
public sealed class Growth(UsageLog current, PostgresDatabase database, TimeProvider time)
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_caughtUp = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(250);

    /// <param name="partitions">More than now.</param>
    /// <param name="report">Told how far behind counting is, while it is waited for.</param>
    /// <exception cref="GrowthRefusedException">It cannot grow to that, or not now.</exception>
    public async Task<LogGeneration> RunAsync(int partitions, Action<TimeSpan> report, CancellationToken cancellationToken)
    {
        LogGeneration generation = await CheckAsync(partitions, cancellationToken);
        await CatchUpAsync(generation, report, cancellationToken);
        await using ITopic topic = await MakeTopicAsync(generation.Next(partitions, baseOffset: 0), cancellationToken);
        long started = time.GetTimestamp();
        while (true)
        {
            if (await SwitchAsync(generation, partitions, topic.Id, cancellationToken) is { } grown)
            {
                return grown;
            }

            if (time.GetElapsedTime(started) > s_patience)
            {
                throw new GrowthRefusedException("A flush is on its way and nobody finishes it. Start an aggregator, and try again.");
            }

            await Task.Delay(s_pause, time, cancellationToken);
        }
    }

    private async Task<LogGeneration> CheckAsync(int partitions, CancellationToken cancellationToken)
    {
        LogGeneration newest = await new LogGenerations(database).NewestAsync(cancellationToken)
            ?? throw new GrowthRefusedException("Nothing was ever counted from this log. Choose its partitions with the setting Partitions, and start.");
        if (partitions <= newest.Partitions)
        {
            throw new GrowthRefusedException($"The log has {newest.Partitions} partitions; it can only grow.");
        }

        await using NpgsqlCommand command = database.Source.Command(
            "select part, stopped from partition_state where part between $1 and $2 and stopped is not null order by part limit 1", newest.FirstPart, newest.LastPart);
        await using NpgsqlDataReader stopped = await command.ExecuteReaderAsync(cancellationToken);
        if (await stopped.ReadAsync(cancellationToken))
        {
            throw new GrowthRefusedException($"Partition {stopped.GetInt32(0)} is stopped: {stopped.GetString(1)}. Repair it first.");
        }

        return newest == current.Generation ? newest : throw new GrowthRefusedException($"The log has just grown to generation {newest.Number} with {newest.Partitions} partitions.");
    }

    private async Task<ITopic> MakeTopicAsync(LogGeneration next, CancellationToken cancellationToken)
    {
        try
        {
            ITopic topic = await current.Log.OpenAsync(new TopicSpec(next.Topic, next.Partitions, current.Retention), cancellationToken);
            await CheckEmptyAsync(topic, cancellationToken);
            return topic;
        }
        catch (TopicMismatchException mismatch)
        {
            throw new GrowthRefusedException($"{mismatch.Message} An attempt that did not end may have left it: delete the topic, or grow to what it has.");
        }
    }

    private static async Task CheckEmptyAsync(ITopic topic, CancellationToken cancellationToken)
    {
        await using ILogReader reader = await topic.OpenReaderAsync([.. Enumerable.Range(0, topic.PartitionCount).Select(one => new PartitionOffset(one, 0))], cancellationToken);
        if ((await reader.ReadAsync(1, 1, s_pause, cancellationToken)).Count > 0)
        {
            throw new GrowthRefusedException($"Topic '{topic.Name}' exists and has records. Is it another installation's? Delete it, and try again.");
        }
    }

    /// <summary>What is moved is late by as long as it waited, so that counting is close behind before the switch.</summary>
    private async Task CatchUpAsync(LogGeneration generation, Action<TimeSpan> report, CancellationToken cancellationToken)
    {
        long since = time.GetTimestamp();
        long progress = -1;
        while (true)
        {
            long[] confirmed = await ConfirmedAsync(generation, cancellationToken);
            if (await BehindAsync(generation, confirmed, cancellationToken) is not { } behind || behind < s_caughtUp)
            {
                return;
            }

            report(behind);
            (since, progress) = confirmed.Sum() == progress ? (since, progress) : (time.GetTimestamp(), confirmed.Sum());
            if (time.GetElapsedTime(since) > s_patience)
            {
                throw new GrowthRefusedException($"Counting is {behind:d\\.hh\\:mm\\:ss} behind and does not go on. Start an aggregator ('metering doctor' says what stopped it), and try again.");
            }

            await Task.Delay(TimeSpan.FromSeconds(1), time, cancellationToken);
        }
    }

    private async Task<long[]> ConfirmedAsync(LogGeneration generation, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = database.Source.Command(
            "select array_agg(confirmed order by part) from partition_state where part between $1 and $2", generation.FirstPart, generation.LastPart);
        return (long[])(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    /// <returns>The age of the oldest record that is not counted; null when all are.</returns>
    private async Task<TimeSpan?> BehindAsync(LogGeneration generation, long[] confirmed, CancellationToken cancellationToken)
    {
        ITopic topic = current.Numbered();
        long? oldest = null;
        for (int i = 0; i < confirmed.Length; i++)
        {
            PartitionOffset start = new(generation.FirstPart + i, confirmed[i] == 0 ? 0 : confirmed[i] + 1);
            long end = (await topic.GetRangeAsync(start.Partition, cancellationToken)).High;
            if (start.Offset < end)
            {
                await using ILogReader reader = await topic.OpenReaderAsync([start], cancellationToken);
                oldest = Math.Min(oldest ?? long.MaxValue, await FirstEventAsync(reader, end, cancellationToken) ?? long.MaxValue);
            }
        }

        return oldest is { } ms and < long.MaxValue ? time.GetUtcNow() - DateTimeOffset.FromUnixTimeMilliseconds(ms) : null;
    }

    /// <summary>Append time of the first record before an offset that is not a tick: an aggregator that stopped leaves ticks behind, which nobody misses.</summary>
    private static async Task<long?> FirstEventAsync(ILogReader reader, long end, CancellationToken cancellationToken)
    {
        while (await reader.ReadAsync(1000, 1 << 20, s_pause, cancellationToken) is { Count: > 0 } records)
        {
            foreach (LogRecord record in records)
            {
                if (record.Offset >= end)
                {
                    return null;
                }

                if (!TickRecord.Is(record.Value.Span))
                {
                    return record.AppendTimeMs;
                }
            }
        }

        return null;
    }

    /// <returns>Null while a flush is on its way, or a partition has just stopped.</returns>
    private async Task<LogGeneration?> SwitchAsync(LogGeneration generation, int partitions, string topicId, CancellationToken cancellationToken)
    {
        await using NpgsqlConnection connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellationToken);
        if (await LockAsync(connection, generation, cancellationToken) is not { } confirmed)
        {
            return null;
        }

        LogGeneration next = generation.Next(partitions, confirmed.Max());
        await using NpgsqlCommand close = connection.Command(
            "update log_topic set moved = $2 where generation = $1 and moved is null", generation.Number, confirmed);
        if (await close.ExecuteNonQueryAsync(cancellationToken) != 1)
        {
            throw new GrowthRefusedException("The log is growing already.");
        }

        await using NpgsqlCommand open = connection.Command(
            "insert into log_topic (generation, broker_topic_id, partitions, first_part, base_offset) values ($1, $2, $3, $4, $5)",
            next.Number, topicId, next.Partitions, next.FirstPart, next.BaseOffset);
        await open.ExecuteNonQueryAsync(cancellationToken);
        await using NpgsqlCommand begin = connection.Command(
            """
            insert into partition_state (part, confirmed, clock)
            select part, $3, (select min(clock) from partition_state where part between $4 and $5) from generate_series($1, $2) as part
            """,
            next.FirstPart, next.LastPart, next.BaseOffset, generation.FirstPart, generation.LastPart);
        await begin.ExecuteNonQueryAsync(cancellationToken);

        // A complete partition holds no seal back, and its epoch is spent: whoever owned it learns so with the next write.
        await using NpgsqlCommand retire = connection.Command(
            "update partition_state set epoch = epoch + 1, owner = null, lease_until = null, clock = 'infinity' where part between $1 and $2",
            generation.FirstPart, generation.LastPart);
        await retire.ExecuteNonQueryAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return next;
    }

    private static async Task<long[]?> LockAsync(NpgsqlConnection connection, LogGeneration generation, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = connection.Command(
            "select confirmed, pend_lo is not null or stopped is not null from partition_state where part between $1 and $2 order by part for update", generation.FirstPart, generation.LastPart);
        List<long> confirmed = [];
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            if (reader.GetBoolean(1))
            {
                return null;
            }

            confirmed.Add(reader.GetInt64(0));
        }

        return [.. confirmed];
    }
}
