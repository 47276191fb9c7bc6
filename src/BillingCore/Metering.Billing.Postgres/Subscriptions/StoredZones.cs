using System.Collections.Concurrent;
using Metering.Billing.Postgres.Tenancy;
using Metering.Billing.Zones;
using Npgsql;

namespace Metering.Billing.Postgres.Subscriptions;

/// <summary>The rules that subscriptions count by, in whatever release they were made. A release that is stored never changes, so each is read once. Safe for concurrent use.</summary>
public static class StoredZones
{
    private const int MaxCached = 10_000;

    private static readonly ConcurrentDictionary<ZoneName, ZoneRules> s_read = [];

    /// <summary>Rules by their names: those of the current release from memory, others as they were kept.</summary>
    /// <exception cref="InvalidDataException">One is neither of the current release nor kept.</exception>
    public static async Task<Func<ZoneName, ZoneRules>> ReadAsync(TenantTransaction transaction, IZoneSource current, IEnumerable<ZoneName> names, CancellationToken cancellationToken)
    {
        ZoneName[] missing = [.. names.Where(name => name.TzdbVersion != current.TzdbVersion && !s_read.ContainsKey(name)).Distinct()];
        if (missing.Length > 0)
        {
            await ReadAsync(transaction, missing, cancellationToken);
        }

        return name => (name.TzdbVersion == current.TzdbVersion ? current.Find(name.Id) : s_read.GetValueOrDefault(name))
            ?? throw new InvalidDataException($"Zone '{name.Id}' of release {name.TzdbVersion} of the IANA database is not known.");
    }

    /// <summary>Keeps rules for the time when another release is the current one. Those that are kept stay.</summary>
    public static async Task KeepAsync(TenantTransaction transaction, IEnumerable<ZoneRules> rules, CancellationToken cancellationToken)
    {
        foreach (ZoneRules zone in rules.DistinctBy(one => one.Name).OrderBy(one => one.Id, StringComparer.Ordinal))
        {
            await using NpgsqlCommand find = transaction.Command("select 1 from billing.zone_rules where zone = $1 and tzdb = $2", zone.Id, zone.TzdbVersion);
            if (await find.ExecuteScalarAsync(cancellationToken) is not null)
            {
                continue;
            }

            ZoneTransition[] transitions = [.. zone.Transitions];
            await using NpgsqlCommand keep = transaction.Command(
                "insert into billing.zone_rules (zone, tzdb, starts, offsets, horizon) values ($1, $2, $3, $4, $5) on conflict do nothing",
                zone.Id, zone.TzdbVersion, transitions.Skip(1).Select(one => one.At.ToUnixTimeSeconds()).ToArray(), transitions.Select(one => (int)one.Offset.TotalSeconds).ToArray(), zone.Horizon);
            await keep.ExecuteNonQueryAsync(cancellationToken);
        }
    }

    private static async Task ReadAsync(TenantTransaction transaction, ZoneName[] names, CancellationToken cancellationToken)
    {
        if (s_read.Count > MaxCached)
        {
            s_read.Clear();
        }

        await using NpgsqlCommand command = transaction.Command(
            "select r.zone, r.tzdb, r.starts, r.offsets, r.horizon from unnest($1::text[], $2::text[]) as n (zone, tzdb) join billing.zone_rules r using (zone, tzdb)",
            names.Select(name => name.Id).ToArray(), names.Select(name => name.TzdbVersion).ToArray());
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            ZoneRules rules = Rules(reader);
            s_read.TryAdd(rules.Name, rules);
        }
    }

    private static ZoneRules Rules(NpgsqlDataReader row)
    {
        DateTimeOffset[] starts = [DateTimeOffset.MinValue, .. row.GetFieldValue<long[]>(2).Select(DateTimeOffset.FromUnixTimeSeconds)];
        IEnumerable<ZoneTransition> transitions = starts.Zip(row.GetFieldValue<int[]>(3), (start, offset) => new ZoneTransition(start, TimeSpan.FromSeconds(offset)));
        return ZoneRules.Create(row.GetString(0), row.GetString(1), [.. transitions], row.GetFieldValue<DateTimeOffset>(4));
    }
}
