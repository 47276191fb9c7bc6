using Metering.Billing.Postgres.Invoices;
using Metering.Billing.Postgres.Subscriptions;
using Metering.Billing.Postgres.Tenancy;
using Metering.Billing.Subscriptions;
using Metering.Billing.Zones;

namespace Metering.BillingCore.Subscriptions;

/// <summary>What overdue invoices mean for subscriptions: past due from the day an invoice is payable until, unpaid when the grace is over too, active when nothing is overdue any more. Safe for concurrent use.</summary>
internal sealed class StandingJob(TenantDatabase tenants, IZoneSource zones, IStandings standings, TimeProvider time)
{
    private const int BatchSize = 200;

    /// <returns>How many subscriptions were moved.</returns>
    public async Task<int> RunAsync(string tenant, CancellationToken cancellationToken)
    {
        int moved = 0;
        string? after = "";
        while (after is not null)
        {
            await using TenantTransaction transaction = await tenants.BeginAsync(tenant, cancellationToken);
            DateTimeOffset now = time.GetUtcNow();
            IReadOnlyList<string> ids = await InvoiceStandings.OutOfStepAsync(transaction, now, after, BatchSize, cancellationToken);
            IReadOnlyList<StoredSubscription> held = await SubscriptionStore.HoldAsync(transaction, zones, ids, cancellationToken);
            IReadOnlyDictionary<string, Standing> stand = await standings.ReadAsync(transaction, ids, now, cancellationToken);
            List<SubscriptionChange> changes = [.. held.Select(one => Move(one, stand.GetValueOrDefault(one.Id), now)).OfType<SubscriptionChange>()];
            await SubscriptionChange.RecordAsync(transaction, changes, now, cancellationToken);
            await transaction.CommitAsync(cancellationToken);
            moved += changes.Count;
            after = ids.Count < BatchSize ? null : ids[^1];
        }

        return moved;
    }

    /// <summary>Null when it may not be moved now: something later is recorded.</summary>
    private static SubscriptionChange? Move(StoredSubscription stored, Standing standing, DateTimeOffset now)
    {
        Decision decision = stored.Now.Reassess(WholeMinute.From(now), standing);
        return decision.IsApplied && decision.Facts.Count > 0 ? SubscriptionChange.Of(stored).With(decision, SubscriptionChange.Clock, now) : null;
    }
}
