using System.Text.Json;
using Metering.Storage.Postgres;
using Npgsql;
using NpgsqlTypes;

namespace Metering.Query.Subjects;

/// <summary>Subjects in PostgreSQL: names and metadata for people. Usage does not need a subject to be here.</summary>
internal sealed class SubjectStore(PostgresDatabase database)
{
    private const string Columns = "key, display_name, metadata, created_at";

    /// <summary>All or none. What is given is kept, what is absent stays as it was.</summary>
    public async Task<List<SubjectBody>> UpsertAsync(string tenant, IReadOnlyList<SubjectUpsert> subjects, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await using NpgsqlConnection connection = await database.Source.OpenConnectionAsync(cancellationToken);
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellationToken);
        List<SubjectBody> bodies = [];
        foreach (SubjectUpsert subject in subjects)
        {
            bodies.Add(await UpsertAsync(connection, tenant, subject, now, cancellationToken));
        }

        await transaction.CommitAsync(cancellationToken);
        return bodies;
    }

    public async Task<List<SubjectBody>> ListAsync(string tenant, int limit, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = database.Source.CreateCommand($"select {Columns} from subject where tenant = $1 order by key limit $2");
        command.Parameters.Add(new() { Value = tenant });
        command.Parameters.Add(new() { Value = limit });
        return await ReadAsync(command, cancellationToken);
    }

    public async Task<SubjectBody?> FindAsync(string tenant, string key, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = database.Source.CreateCommand($"select {Columns} from subject where tenant = $1 and key = $2");
        command.Parameters.Add(new() { Value = tenant });
        command.Parameters.Add(new() { Value = key });
        return (await ReadAsync(command, cancellationToken)).FirstOrDefault();
    }

    /// <returns>Whether there was one. Its usage stays.</returns>
    public async Task<bool> DeleteAsync(string tenant, string key, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = database.Source.CreateCommand("delete from subject where tenant = $1 and key = $2");
        command.Parameters.Add(new() { Value = tenant });
        command.Parameters.Add(new() { Value = key });
        return await command.ExecuteNonQueryAsync(cancellationToken) > 0;
    }

    private static async Task<SubjectBody> UpsertAsync(
        NpgsqlConnection connection, string tenant, SubjectUpsert subject, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = new($"""
            insert into subject (tenant, key, display_name, metadata, created_at) values ($1, $2, $3, coalesce($4, '{"{}"}'), $5)
            on conflict (tenant, key) do update set
              display_name = coalesce($3, subject.display_name), metadata = coalesce($4, subject.metadata)
            returning {Columns}
            """, connection)
        {
            Parameters =
            {
                new() { Value = tenant }, new() { Value = subject.Key }, Nullable(subject.DisplayName, NpgsqlDbType.Text),
                Nullable(subject.Metadata, NpgsqlDbType.Jsonb), new() { Value = now },
            },
        };
        return (await ReadAsync(command, cancellationToken))[0];
    }

    private static NpgsqlParameter Nullable(string? text, NpgsqlDbType type) => new() { Value = text is null ? DBNull.Value : text, NpgsqlDbType = type };

    private static async Task<List<SubjectBody>> ReadAsync(NpgsqlCommand command, CancellationToken cancellationToken)
    {
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        List<SubjectBody> bodies = [];
        while (await reader.ReadAsync(cancellationToken))
        {
            using JsonDocument metadata = JsonDocument.Parse(reader.GetString(2));
            bodies.Add(new SubjectBody(
                reader.GetString(0),
                reader.GetString(0),
                reader.IsDBNull(1) ? null : reader.GetString(1),
                metadata.RootElement.Clone(),
                reader.GetFieldValue<DateTimeOffset>(3).UtcDateTime));
        }

        return bodies;
    }
}

/// <param name="Metadata">A JSON object; null keeps what is there.</param>
internal sealed record SubjectUpsert(string Key, string? DisplayName, string? Metadata);
