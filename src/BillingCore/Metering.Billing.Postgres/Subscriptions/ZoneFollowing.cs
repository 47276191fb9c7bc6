using Metering.Billing.Postgres.Tenancy;
using Metering.Billing.Zones;
using Npgsql;

namespace Metering.Billing.Postgres.Subscriptions;

/// <summary>Living subscriptions that count by rules of an older release.</summary>
/// <param name="Zone">IANA.</param>
/// <param name="TzdbVersion">Null for those made before releases were kept.</param>
public readonly record struct OlderZone(string Zone, string? TzdbVersion);

/// <summary>By which zones the living subscriptions of a tenant count.</summary>
public static class ZoneFollowing
{
    private const string Living = "tenant_id = $1 and ended_at is null";

    /// <summary>Of releases before this one. A program of an older release changes nothing that a newer one has set.</summary>
    public static async Task<IReadOnlyList<OlderZone>> OlderAsync(TenantTransaction transaction, string release, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = transaction.Command(
            $"""select distinct coalesce(zone_now, zone), tzdb_now from billing.subscription where {Living} and coalesce(tzdb_now, '') < $2 collate "C" order by 1, 2""", transaction.Tenant, release);
        List<OlderZone> older = [];
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            older.Add(new OlderZone(reader.GetString(0), reader.IsDBNull(1) ? null : reader.GetString(1)));
        }

        return older;
    }

    /// <summary>The release has the same rules: nothing moves, and nobody asks again.</summary>
    public static async Task SameAsync(TenantTransaction transaction, OlderZone older, ZoneRules rules, CancellationToken cancellationToken)
    {
        await StoredZones.KeepAsync(transaction, [rules], cancellationToken);
        await using NpgsqlCommand command = transaction.Command(
            $"""
            update billing.subscription set tzdb_now = $4, tzdb = coalesce(tzdb, $4)
            where {Living} and coalesce(zone_now, zone) = $2 and tzdb_now is not distinct from $3
            """,
            transaction.Tenant, older.Zone, older.TzdbVersion, rules.TzdbVersion);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Some that count by them, in the order of their ids.</summary>
    public static async Task<IReadOnlyList<string>> FindAsync(TenantTransaction transaction, OlderZone older, int limit, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = transaction.Command(
            $"select id from billing.subscription where {Living} and coalesce(zone_now, zone) = $2 and tzdb_now is not distinct from $3 order by id limit $4",
            transaction.Tenant, older.Zone, older.TzdbVersion, limit);
        List<string> ids = [];
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            ids.Add(reader.GetString(0));
        }

        return ids;
    }
}
