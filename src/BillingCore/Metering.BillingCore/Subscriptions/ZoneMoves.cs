using Metering.Billing.Postgres.Subscriptions;
using Metering.Billing.Postgres.Tenancy;
using Metering.Billing.Subscriptions;
using Metering.Billing.Zones;

namespace Metering.BillingCore.Subscriptions;

/// <summary>
/// Subscriptions follow their customer's zone, and the releases of the IANA database: both are a fact, from which the next boundary on another clock counts. What was
/// counted before stays where it is, because the rules it was counted by are kept. Safe for concurrent use.
/// </summary>
internal sealed class ZoneMoves(TenantDatabase tenants, IZoneSource zones, IStandings standings, TimeProvider time)
{
    private const int BatchSize = 200;

    /// <summary>The customer has another zone: all its subscriptions that have not ended.</summary>
    public async Task CustomerAsync(TenantTransaction transaction, string customer, ZoneRules zone, string actor, DateTimeOffset now, CancellationToken cancellationToken)
    {
        SubscriptionFilter filter = new() { Customers = [customer], Living = true };
        await MoveAsync(transaction, await SubscriptionSearch.FindAsync(transaction, filter, after: null, int.MaxValue, cancellationToken), zone, actor, now, cancellationToken);
    }

    /// <summary>This program has a newer release than some subscriptions of the tenant count by.</summary>
    public async Task ReleaseAsync(string tenant, CancellationToken cancellationToken)
    {
        IReadOnlyList<OlderZone> all;
        await using (TenantTransaction transaction = await tenants.BeginAsync(tenant, cancellationToken))
        {
            all = await ZoneFollowing.OlderAsync(transaction, zones.TzdbVersion, cancellationToken);
        }

        foreach (OlderZone older in all)
        {
            while (await MoveSomeAsync(tenant, older, cancellationToken))
            {
            }
        }
    }

    /// <returns>Whether there may be more.</returns>
    private async Task<bool> MoveSomeAsync(string tenant, OlderZone older, CancellationToken cancellationToken)
    {
        await using TenantTransaction transaction = await tenants.BeginAsync(tenant, cancellationToken);
        if (zones.Find(older.Zone) is not { } rules)
        {
            return false; // the release has dropped the name: the rules that are kept stay in force
        }

        ZoneRules? before = older.TzdbVersion is { } release ? (await StoredZones.ReadAsync(transaction, zones, [new(older.Zone, release)], cancellationToken))(new(older.Zone, release)) : null;
        if (before?.IsSameClock(rules) ?? true)
        {
            await ZoneFollowing.SameAsync(transaction, older, rules, cancellationToken);
            await transaction.CommitAsync(cancellationToken);
            return false;
        }

        IReadOnlyList<string> ids = await ZoneFollowing.FindAsync(transaction, older, BatchSize, cancellationToken);
        await MoveAsync(transaction, ids, rules, SubscriptionChange.Clock, time.GetUtcNow(), cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return ids.Count == BatchSize;
    }

    /// <summary>After all that time has brought by now, whether or not the clock has looked.</summary>
    private async Task MoveAsync(TenantTransaction transaction, IReadOnlyList<string> ids, ZoneRules zone, string actor, DateTimeOffset now, CancellationToken cancellationToken)
    {
        IReadOnlyList<StoredSubscription> held = await SubscriptionStore.HoldAsync(transaction, zones, ids, cancellationToken);
        IReadOnlyDictionary<string, Standing> stand = await standings.ReadAsync(transaction, ids, now, cancellationToken);
        List<SubscriptionChange> changes = [];
        foreach (StoredSubscription one in held)
        {
            SubscriptionChange caughtUp = SubscriptionChange.Of(one).CaughtUp(WholeMinute.From(now), stand.GetValueOrDefault(one.Id), now);
            changes.Add(caughtUp.With(caughtUp.After.Now.SetZone(zone, now), actor, now));
        }

        await SubscriptionChange.RecordAsync(transaction, changes, now, cancellationToken);
    }
}
