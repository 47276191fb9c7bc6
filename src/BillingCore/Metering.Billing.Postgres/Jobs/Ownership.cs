using Metering.Billing.Postgres.Tenancy;
using Metering.Storage.Postgres;
using Npgsql;

namespace Metering.Billing.Postgres.Jobs;

/// <summary>A job that is this process's to do, until it is disposed or lost. One loop uses it.</summary>
public sealed class Ownership : IAsyncDisposable
{
    private const string HoldSql = "select billing.hold_job($1, $2)";

    private readonly NpgsqlConnection _connection;

    internal Ownership(string job, long token, NpgsqlConnection connection) => (Job, Token, _connection) = (job, token, connection);

    public string Job { get; }

    /// <summary>Higher than that of every earlier owner.</summary>
    public long Token { get; }

    /// <summary>False once the session has ended. True says only that it has not been noticed: writes hold the token.</summary>
    public bool IsHeld => _connection.FullState == System.Data.ConnectionState.Open;

    /// <summary>Says to the server that this owner lives.</summary>
    /// <exception cref="OwnershipLostException">The session has ended.</exception>
    public async Task CheckAsync(CancellationToken cancellationToken)
    {
        try
        {
            await using NpgsqlCommand alive = _connection.Command("select 1");
            await alive.ExecuteScalarAsync(cancellationToken);
        }
        catch (Exception problem) when (problem is NpgsqlException or InvalidOperationException)
        {
            throw new OwnershipLostException($"The session that held job '{Job}' has ended.", problem);
        }
    }

    /// <summary>To be done before a transaction writes: until it ends, nobody else can take the job.</summary>
    /// <exception cref="OwnershipLostException">A later owner has it.</exception>
    public async Task HoldAsync(TenantTransaction transaction, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand hold = transaction.Command(HoldSql, Job, Token);
        await HoldAsync(hold, cancellationToken);
    }

    /// <inheritdoc cref="HoldAsync(TenantTransaction, CancellationToken)"/>
    /// <param name="connection">In a transaction.</param>
    public async Task HoldAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand hold = connection.Command(HoldSql, Job, Token);
        await HoldAsync(hold, cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            // The limit too: in the pool the connection may be silent for longer.
            await using NpgsqlCommand unlock = _connection.Command("reset idle_session_timeout; select pg_advisory_unlock_all()");
            await unlock.ExecuteNonQueryAsync(CancellationToken.None);
        }
        catch (Exception problem) when (problem is NpgsqlException or InvalidOperationException)
        {
            // The session is gone, and the lock with it.
        }
        finally
        {
            await _connection.DisposeAsync();
        }
    }

    private async Task HoldAsync(NpgsqlCommand hold, CancellationToken cancellationToken)
    {
        if (await hold.ExecuteScalarAsync(cancellationToken) is not true)
        {
            throw new OwnershipLostException($"Job '{Job}' has an owner after token {Token}.");
        }
    }
}
