using Npgsql;

namespace Metering.Storage.Postgres.Generations;

/// <param name="TopicId">Of the incarnation that was counted.</param>
/// <param name="Moved">For each of its partitions, numbered on: everything at or below was counted, or moved to a later generation.</param>
public sealed record ClosedGeneration(LogGeneration Generation, string TopicId, long[] Moved);

/// <summary>The generations in PostgreSQL. Safe for concurrent use.</summary>
public sealed class LogGenerations(PostgresDatabase database)
{
    private const string Columns = "generation, partitions, first_part, base_offset, (select partitions from log_topic where generation = 1)";

    /// <summary>The one that is written to; null before anything was ever counted.</summary>
    public async Task<LogGeneration?> NewestAsync(CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = database.Source.Command($"select {Columns} from log_topic order by generation desc limit 1");
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken) ? Read(reader) : null;
    }

    /// <summary>The incarnation of its topic that is counted.</summary>
    public async Task<string> TopicIdAsync(int generation, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = database.Source.Command("select broker_topic_id from log_topic where generation = $1", generation);
        return (string)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    /// <summary>All but the newest, oldest first.</summary>
    public async Task<IReadOnlyList<ClosedGeneration>> ClosedAsync(CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = database.Source.Command($"select {Columns}, broker_topic_id, moved from log_topic where moved is not null order by generation");
        List<ClosedGeneration> closed = [];
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            closed.Add(new ClosedGeneration(Read(reader), reader.GetString(5), reader.GetFieldValue<long[]>(6)));
        }

        return closed;
    }

    /// <summary>Records how far a partition's stragglers are moved. Never goes back, so it can be repeated, and by two at once.</summary>
    public async Task MovedAsync(LogGeneration generation, int part, long upto, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = database.Source.Command(
            "update log_topic set moved[$2] = greatest(moved[$2], $3) where generation = $1 and moved is not null", generation.Number, part - generation.FirstPart + 1, upto);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static LogGeneration Read(NpgsqlDataReader reader) =>
        new(reader.GetInt32(0), reader.GetInt32(1), reader.GetInt32(2), reader.GetInt64(3), reader.GetInt32(4));
}
