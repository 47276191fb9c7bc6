using Metering.Billing.Postgres.Tenancy;
using Npgsql;

namespace Metering.Billing.Postgres.Idempotency;

/// <summary>
/// Keys that make a repeated request harmless. A key is held by a lock of the transaction that works on it, so a process that dies leaves nothing behind
/// that says "running"; the answer is stored with what the request did, or not at all. Kept 30 days.
/// </summary>
public static class IdempotencyKeys
{
    private const int MaxDropped = 100;

    /// <param name="request">SHA-256 of method, path and body.</param>
    public static async Task<(ClaimOutcome Outcome, StoredAnswer? Answer)> ClaimAsync(TenantTransaction transaction, string key, byte[] request, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand hold = transaction.Command("select pg_try_advisory_xact_lock(hashtextextended($1, hashtextextended($2, 0)))", key, transaction.Tenant);
        if (!(bool)(await hold.ExecuteScalarAsync(cancellationToken))!)
        {
            return (ClaimOutcome.Running, null);
        }

        await using NpgsqlCommand find = transaction.Command(
            "select request, status, content_type, location, etag, body from billing.idempotency_key where tenant_id = $1 and key = $2", transaction.Tenant, key);
        await using NpgsqlDataReader reader = await find.ExecuteReaderAsync(cancellationToken);
        if (!await reader.ReadAsync(cancellationToken))
        {
            return (ClaimOutcome.New, null);
        }

        return reader.GetFieldValue<byte[]>(0).AsSpan().SequenceEqual(request)
            ? (ClaimOutcome.Answered, new StoredAnswer(reader.GetInt32(1), Text(reader, 2), Text(reader, 3), Text(reader, 4), reader.GetFieldValue<byte[]>(5)))
            : (ClaimOutcome.Conflicting, null);
    }

    /// <summary>Keeps the answer, and forgets some that are older than 30 days.</summary>
    public static async Task StoreAsync(TenantTransaction transaction, string key, byte[] request, StoredAnswer answer, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand store = transaction.Command(
            """
            with old as (
              delete from billing.idempotency_key where tenant_id = $1 and key in (
                select key from billing.idempotency_key where tenant_id = $1 and created_at < $9 - interval '30 days' limit $10))
            insert into billing.idempotency_key (tenant_id, key, request, status, content_type, location, etag, body, created_at)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
            """,
            transaction.Tenant, key, request, answer.Status, answer.ContentType, answer.Location, answer.ETag, answer.Body, now, MaxDropped);
        await store.ExecuteNonQueryAsync(cancellationToken);
    }

    private static string? Text(NpgsqlDataReader reader, int column) => reader.IsDBNull(column) ? null : reader.GetString(column);
}
