using System.Globalization;
using Metering.Storage.Postgres;
using Npgsql;

namespace Metering.Billing.Postgres.Jobs;

/// <summary>
/// Gives a job to one process at a time. The owner holds an advisory lock of a session, so a dead one gives it back; and the server ends the session of one that was
/// silent for too long, so one that hangs does not hold the job up. Such an owner may wake and go on: every owner has a higher token than the one before, and each
/// write of a job holds its own token first (<see cref="Ownership.HoldAsync(Tenancy.TenantTransaction, CancellationToken)"/>), so nothing of an earlier owner is
/// committed once there is a later one.
/// </summary>
/// <param name="silence">After so long without <see cref="Ownership.CheckAsync"/> the job is lost. Whole milliseconds.</param>
public sealed class SingleOwner(PostgresDatabase database, TimeProvider time, TimeSpan silence)
{
    private static readonly string s_process = $"{Environment.MachineName}:{Environment.ProcessId}";

    /// <returns>Null while somebody else has the job.</returns>
    public async Task<Ownership?> TryTakeAsync(string job, CancellationToken cancellationToken)
    {
        NpgsqlConnection connection = await database.Source.OpenConnectionAsync(cancellationToken);
        try
        {
            await using NpgsqlCommand take = connection.Command("select pg_try_advisory_lock(hashtextextended($1, hashtextextended('metering.job', 0)))", job);
            if (await take.ExecuteScalarAsync(cancellationToken) is true)
            {
                await using NpgsqlCommand limit = connection.Command(string.Create(CultureInfo.InvariantCulture, $"set idle_session_timeout = {silence.TotalMilliseconds:F0}"));
                await limit.ExecuteNonQueryAsync(cancellationToken);
                return new Ownership(job, await NextTokenAsync(connection, job, cancellationToken), connection);
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

    /// <summary>Waits for what an earlier owner is committing just now: it holds its token until then.</summary>
    private async Task<long> NextTokenAsync(NpgsqlConnection connection, string job, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = connection.Command(
            """
            insert into billing.job as old (name, token, owner, taken_at) values ($1, 1, $2, $3)
            on conflict (name) do update set token = old.token + 1, owner = excluded.owner, taken_at = excluded.taken_at returning token
            """,
            job, s_process, time.GetUtcNow());
        return (long)(await command.ExecuteScalarAsync(cancellationToken))!;
    }
}
