using Metering.Storage.Postgres;
using Npgsql;

namespace Metering.Aggregator.Sealing;

/// <summary>An advisory lock of PostgreSQL. It lives as long as the connection, so a dead sealer gives it back.</summary>
internal sealed class SealerLock : ISealerLock
{
    private const long Key = 0x5345_414C;

    private readonly NpgsqlConnection _connection;

    private SealerLock(NpgsqlConnection connection) => _connection = connection;

    public static async Task<ISealerLock?> TryTakeAsync(PostgresDatabase database, CancellationToken cancellationToken)
    {
        NpgsqlConnection connection = await database.Source.OpenConnectionAsync(cancellationToken);
        try
        {
            await using NpgsqlCommand take = connection.Command("select pg_try_advisory_lock($1)", Key);
            if (await take.ExecuteScalarAsync(cancellationToken) is true)
            {
                return new SealerLock(connection);
            }
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }

        await connection.DisposeAsync();
        return null;
    }

    public async Task CheckAsync(CancellationToken cancellationToken)
    {
        await using NpgsqlCommand alive = _connection.Command("select 1");
        await alive.ExecuteScalarAsync(cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            await using NpgsqlCommand unlock = _connection.Command("select pg_advisory_unlock($1)", Key);
            await unlock.ExecuteScalarAsync(CancellationToken.None);
        }
        finally
        {
            await _connection.DisposeAsync();
        }
    }
}
