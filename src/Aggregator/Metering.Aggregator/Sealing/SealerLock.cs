using System.Globalization;
using Metering.Storage.Postgres;
using Npgsql;

namespace Metering.Aggregator.Sealing;

/// <summary>
/// An advisory lock of PostgreSQL. It lives as long as the connection, so a dead sealer gives it back; and the server ends the connection of one that was
/// silent for too long, so that a process that hangs does not hold sealing up. A sealer that only took long finds the lock gone and takes it again: two of
/// them on one seal write the same.
/// </summary>
internal sealed class SealerLock : ISealerLock
{
    private const long Key = 0x5345_414C;

    private readonly NpgsqlConnection _connection;

    private SealerLock(NpgsqlConnection connection) => _connection = connection;

    /// <param name="silence">After so long without <see cref="CheckAsync"/> the lock is lost. Whole milliseconds.</param>
    public static async Task<ISealerLock?> TryTakeAsync(PostgresDatabase database, TimeSpan silence, CancellationToken cancellationToken)
    {
        NpgsqlConnection connection = await database.Source.OpenConnectionAsync(cancellationToken);
        try
        {
            await using NpgsqlCommand take = connection.Command("select pg_try_advisory_lock($1)", Key);
            if (await take.ExecuteScalarAsync(cancellationToken) is true)
            {
                await using NpgsqlCommand limit = connection.Command(string.Create(CultureInfo.InvariantCulture, $"set idle_session_timeout = {silence.TotalMilliseconds:F0}"));
                await limit.ExecuteNonQueryAsync(cancellationToken);
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
            // The limit too: in the pool the connection may be silent for longer.
            await using NpgsqlCommand unlock = _connection.Command(string.Create(CultureInfo.InvariantCulture, $"reset idle_session_timeout; select pg_advisory_unlock({Key})"));
            await unlock.ExecuteNonQueryAsync(CancellationToken.None);
        }
        finally
        {
            await _connection.DisposeAsync();
        }
    }
}
