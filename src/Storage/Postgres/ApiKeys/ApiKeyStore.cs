using System.Buffers.Binary;
using System.Security.Cryptography;
using Npgsql;

namespace Metering.Storage.Postgres.ApiKeys;

/// <summary>API keys in the table <c>api_key</c>. Every question is a query; <see cref="ApiKeyCache"/> stands before it on hot paths.</summary>
public sealed class ApiKeyStore(NpgsqlDataSource database, TimeProvider time)
{
    private const string Columns = "id, tenant, name, prefix, created_at, revoked_at";

    public async Task<NewApiKey> CreateAsync(string tenant, string name, CancellationToken cancellationToken)
    {
        string secret = ApiKeySecret.Create();
        ApiKey key = new(NewId(time.GetUtcNow()), tenant, name, ApiKeySecret.PrefixOf(secret), time.GetUtcNow(), RevokedAt: null);
        await using NpgsqlCommand insert = database.CreateCommand(
            "insert into api_key (id, tenant, name, prefix, hash, created_at) values ($1, $2, $3, $4, $5, $6)");
        insert.Parameters.Add(new() { Value = key.Id });
        insert.Parameters.Add(new() { Value = tenant });
        insert.Parameters.Add(new() { Value = name });
        insert.Parameters.Add(new() { Value = key.Prefix });
        insert.Parameters.Add(new() { Value = ApiKeySecret.HashOf(secret) });
        insert.Parameters.Add(new() { Value = key.CreatedAt.UtcDateTime });
        await insert.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
        return new NewApiKey(key, secret);
    }

    /// <summary>All keys, revoked ones included, the oldest first.</summary>
    /// <param name="tenant">Only this tenant's; null for all.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    public async Task<IReadOnlyList<ApiKey>> ListAsync(string? tenant, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand select = database.CreateCommand(
            $"select {Columns} from api_key where $1::text is null or tenant = $1 order by created_at, id");
        select.Parameters.Add(new() { Value = (object?)tenant ?? DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Text });
        await using NpgsqlDataReader rows = await select.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        List<ApiKey> keys = [];
        while (await rows.ReadAsync(cancellationToken).ConfigureAwait(false))
        {
            keys.Add(Read(rows));
        }

        return keys;
    }

    /// <summary>Takes effect at once here, and within <see cref="ApiKeyCache.FreshFor"/> wherever a cache stands before it.</summary>
    /// <returns>False when there is no such key, or it was revoked before.</returns>
    public async Task<bool> RevokeAsync(string id, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand update = database.CreateCommand("update api_key set revoked_at = $2 where id = $1 and revoked_at is null");
        update.Parameters.Add(new() { Value = id });
        update.Parameters.Add(new() { Value = time.GetUtcNow().UtcDateTime });
        return await update.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false) == 1;
    }

    /// <returns>The tenant of a key that is not revoked; null when there is none.</returns>
    public async Task<string?> FindTenantAsync(byte[] hash, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand select = database.CreateCommand("select tenant from api_key where hash = $1 and revoked_at is null");
        select.Parameters.Add(new() { Value = hash });
        return (string?)await select.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false);
    }

    private static ApiKey Read(NpgsqlDataReader row) => new(
        row.GetString(0), row.GetString(1), row.GetString(2), row.GetString(3), row.GetFieldValue<DateTimeOffset>(4),
        row.IsDBNull(5) ? null : row.GetFieldValue<DateTimeOffset>(5));

    /// <summary>A ULID: 48 bits of milliseconds and 80 random ones in Crockford's base 32.</summary>
    private static string NewId(DateTimeOffset now)
    {
        Span<byte> bytes = stackalloc byte[16];
        RandomNumberGenerator.Fill(bytes);
        UInt128 random = BinaryPrimitives.ReadUInt128BigEndian(bytes) >> 48;
        UInt128 value = ((UInt128)now.ToUnixTimeMilliseconds() << 80) | random;
        return string.Create(26, value, static (text, rest) =>
        {
            for (int i = text.Length - 1; i >= 0; i--, rest >>= 5)
            {
                text[i] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"[(int)(rest & 31)];
            }
        });
    }
}
