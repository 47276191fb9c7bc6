using Metering.Storage.Migrations;
using Npgsql;

namespace Metering.Storage.Postgres;

/// <summary>The PostgreSQL database: its pool and its schema. Safe for concurrent use.</summary>
public sealed class PostgresDatabase(string connectionString) : IAsyncDisposable
{
    /// <summary>Chosen once; every instance of this program takes it while it migrates.</summary>
    private const long MigrationLock = 0x4D45_5445_5249_4E47;

    public NpgsqlDataSource Source { get; } = Create(connectionString);

    /// <summary>Brings the schema up to date, one instance at a time.</summary>
    /// <exception cref="MigrationException">An applied file has changed, or the database is newer than this program.</exception>
    public async Task MigrateAsync(CancellationToken cancellationToken)
    {
        await using NpgsqlConnection connection = await Source.OpenConnectionAsync(cancellationToken);
        await ExecuteAsync(connection, $"select pg_advisory_lock({MigrationLock})", cancellationToken);
        try
        {
            await ExecuteAsync(
                connection,
                "create table if not exists schema_migrations (version int primary key, name text not null, checksum text not null, applied_at timestamptz not null default now())",
                cancellationToken);
            Dictionary<int, string> applied = await AppliedAsync(connection, cancellationToken);
            foreach (MigrationScript script in Pending(applied))
            {
                await ApplyAsync(connection, script, cancellationToken);
            }
        }
        finally
        {
            await ExecuteAsync(connection, $"select pg_advisory_unlock({MigrationLock})", CancellationToken.None);
        }
    }

    public ValueTask DisposeAsync() => Source.DisposeAsync();

    private static IEnumerable<MigrationScript> Pending(Dictionary<int, string> applied)
    {
        IReadOnlyList<MigrationScript> scripts = MigrationScript.Of("Postgres");
        if (applied.Keys.DefaultIfEmpty().Max() > scripts[^1].Version)
        {
            throw new MigrationException("The PostgreSQL database was migrated by a newer version of metering. Run that version.");
        }

        foreach (MigrationScript script in scripts)
        {
            if (!applied.TryGetValue(script.Version, out string? checksum))
            {
                yield return script;
            }
            else if (checksum != script.Checksum)
            {
                throw new MigrationException($"Migration {script.Name} differs from the one that was applied to the PostgreSQL database.");
            }
        }
    }

    private static async Task<Dictionary<int, string>> AppliedAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        Dictionary<int, string> applied = [];
        await using NpgsqlCommand command = new("select version, checksum from schema_migrations", connection);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            applied.Add(reader.GetInt32(0), reader.GetString(1));
        }

        return applied;
    }

    private static async Task ApplyAsync(NpgsqlConnection connection, MigrationScript script, CancellationToken cancellationToken)
    {
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellationToken);
        await ExecuteAsync(connection, script.Sql, cancellationToken);
        await using NpgsqlCommand record = new("insert into schema_migrations (version, name, checksum) values ($1, $2, $3)", connection, transaction)
        {
            Parameters = { new() { Value = script.Version }, new() { Value = script.Name }, new() { Value = script.Checksum } },
        };
        await record.ExecuteNonQueryAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = new(sql, connection);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static NpgsqlDataSource Create(string connectionString)
    {
        NpgsqlDataSourceBuilder builder = new(connectionString);
        builder.ConnectionStringBuilder.Timezone = "UTC";
        return builder.Build();
    }
}
