using Metering.Storage.Postgres;
using Npgsql;

namespace Metering.Aggregator.Sealing;

/// <summary>The seals in PostgreSQL: the number is the primary key.</summary>
internal sealed class SealStore(PostgresDatabase database) : ISealStore
{
    /// <summary>Longer than a seal usually takes, and short enough that nobody waits long for a sealer that hangs.</summary>
    private static readonly TimeSpan s_silence = TimeSpan.FromMinutes(1);

    public Task<ISealerLock?> TryLockAsync(CancellationToken cancellationToken) => SealerLock.TryTakeAsync(database, s_silence, cancellationToken);

    public async Task<(Seal Last, Seal? Pending)> LastAsync(CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = database.Source.Command("select seal_no, upto, cut, sealed_at, state from seal order by seal_no desc limit 2");
        Seal last = Seal.None;
        Seal? pending = null;
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            Seal seal = new(reader.GetInt64(0), reader.GetFieldValue<DateTimeOffset>(1), reader.GetFieldValue<long[]>(2), reader.GetFieldValue<DateTimeOffset>(3));
            if (reader.GetString(4) == "pending")
            {
                pending = seal;
            }
            else if (seal.Number > last.Number)
            {
                last = seal;
            }
        }

        return (last, pending);
    }

    public async Task<Seal?> NewestBeforeAsync(DateTimeOffset sealedBefore, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = database.Source.Command(
            "select seal_no, upto, cut, sealed_at from seal where state = 'done' and sealed_at < $1 order by seal_no desc limit 1", sealedBefore);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken)
            ? new Seal(reader.GetInt64(0), reader.GetFieldValue<DateTimeOffset>(1), reader.GetFieldValue<long[]>(2), reader.GetFieldValue<DateTimeOffset>(3))
            : null;
    }

    public async Task<(long[] Cut, DateTimeOffset Clock)?> ReadProgressAsync(int house, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = database.Source.Command(
            """
            select array_agg(confirmed order by part), least(min(clock) filter (where part <> $1), now()), count(*) = (select sum(partitions) + 1 from log_topic), bool_and(clock > 'epoch')
            from partition_state
            """,
            house);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        bool complete = reader.GetBoolean(2) && reader.GetBoolean(3);
        return complete ? (reader.GetFieldValue<long[]>(0), reader.GetFieldValue<DateTimeOffset>(1)) : null;
    }

    public async Task<bool> BeginAsync(Seal seal, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = database.Source.Command(
            "insert into seal (seal_no, upto, cut, sealed_at, state) values ($1, $2, $3, $4, 'pending') on conflict do nothing",
            seal.Number, seal.Upto, seal.Cut, seal.SealedAt);
        return await command.ExecuteNonQueryAsync(cancellationToken) == 1;
    }

    public async Task FinishAsync(long number, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = database.Source.Command("update seal set state = 'done' where seal_no = $1", number);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
