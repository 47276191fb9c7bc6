using System.Collections.Concurrent;
using System.Data.Common;

namespace Metering.Storage.Postgres.ApiKeys;

/// <summary>
/// Keeps answers about keys: a request costs no query, a revoked key stops within <see cref="FreshFor"/> and the query's time, and the keys
/// in use go on while PostgreSQL is down. Unknown keys are kept apart, so that guessing does not push the known ones out.
/// </summary>
/// <param name="find">Asks the store: <see cref="ApiKeyStore.FindTenantAsync"/>.</param>
/// <param name="time">The clock of the ages.</param>
public sealed class ApiKeyCache(Func<byte[], CancellationToken, Task<string?>> find, TimeProvider time) : IApiKeys
{
    /// <summary>How long an answer is given without asking again.</summary>
    public static readonly TimeSpan FreshFor = TimeSpan.FromSeconds(20);

    /// <summary>How long a known key is accepted while the store cannot be asked.</summary>
    public static readonly TimeSpan StaleFor = TimeSpan.FromHours(1);

    /// <summary>How long an unknown key is refused without asking again.</summary>
    public static readonly TimeSpan UnknownFor = TimeSpan.FromSeconds(10);

    /// <summary>After a failure the store is left alone this long, for keys that are known.</summary>
    private static readonly TimeSpan s_retryAfter = TimeSpan.FromSeconds(5);

    /// <summary>No longer text is a key of ours.</summary>
    private const int LongestKey = 256;

    private const int Capacity = 10_000;

    private readonly ConcurrentDictionary<KeyHash, Entry> _known = new();
    private readonly ConcurrentDictionary<KeyHash, long> _unknown = new();

    public async ValueTask<string?> FindTenantAsync(string key, CancellationToken cancellationToken)
    {
        if (key.Length > LongestKey)
        {
            return null;
        }

        byte[] hash = ApiKeySecret.HashOf(key);
        KeyHash id = KeyHash.Of(hash);
        long now = time.GetTimestamp();
        if (_known.TryGetValue(id, out Entry? entry))
        {
            return entry.MayAnswer(now, time) ? entry.Tenant : await RefreshAsync(id, hash, entry, cancellationToken).ConfigureAwait(false);
        }

        if (_unknown.TryGetValue(id, out long asked) && time.GetElapsedTime(asked, now) < UnknownFor)
        {
            return null;
        }

        return await AskAsync(id, hash, cancellationToken).ConfigureAwait(false);
    }

    private async ValueTask<string?> AskAsync(KeyHash id, byte[] hash, CancellationToken cancellationToken)
    {
        try
        {
            string? tenant = await find(hash, cancellationToken).ConfigureAwait(false);
            Remember(id, tenant);
            return tenant;
        }
        catch (Exception error) when (IsUnavailable(error))
        {
            throw new ApiKeysUnavailableException(error);
        }
    }

    private async ValueTask<string?> RefreshAsync(KeyHash id, byte[] hash, Entry entry, CancellationToken cancellationToken)
    {
        try
        {
            return await AskAsync(id, hash, cancellationToken).ConfigureAwait(false);
        }
        catch (ApiKeysUnavailableException) when (time.GetElapsedTime(entry.Confirmed) < StaleFor)
        {
            entry.RetryAt = time.GetTimestamp() + (long)(s_retryAfter.TotalSeconds * time.TimestampFrequency);
            return entry.Tenant;
        }
    }

    private void Remember(KeyHash id, string? tenant)
    {
        if (tenant is null)
        {
            _known.TryRemove(id, out _);
            MakeRoom(_unknown);
            _unknown[id] = time.GetTimestamp();
            return;
        }

        MakeRoom(_known);
        _unknown.TryRemove(id, out _);
        _known[id] = new Entry(tenant, time.GetTimestamp());
    }

    /// <summary>Forgetting everything costs one query a key. It happens only with more keys than anyone has.</summary>
    private static void MakeRoom<T>(ConcurrentDictionary<KeyHash, T> entries)
    {
        if (entries.Count >= Capacity)
        {
            entries.Clear();
        }
    }

    private static bool IsUnavailable(Exception error) => error is DbException or TimeoutException or IOException or System.Net.Sockets.SocketException;

    private sealed class Entry(string tenant, long confirmed)
    {
        public string Tenant => tenant;

        public long Confirmed => confirmed;

        /// <summary>The store failed: do not ask before. Zero when it did not.</summary>
        public long RetryAt { get; set; }

        public bool MayAnswer(long now, TimeProvider time)
        {
            TimeSpan age = time.GetElapsedTime(confirmed, now);
            return age < FreshFor || (now < RetryAt && age < StaleFor);
        }
    }

    private readonly record struct KeyHash(UInt128 High, UInt128 Low)
    {
        public static KeyHash Of(byte[] hash) => new(
            System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(hash), System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(hash.AsSpan(16)));
    }
}
