using Metering.Billing.Postgres.Jobs;
using Metering.Billing.Postgres.Subscriptions;
using Metering.Billing.Postgres.Tenancy;
using Metering.Billing.Subscriptions;
using Metering.Billing.Zones;
using Metering.Storage.Postgres;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Metering.BillingCore.Subscriptions;

/// <summary>
/// Records what time brings: for all tenants, some subscriptions in one transaction, each thing at its own instant however late it is found. What is done is in the
/// database, so a job that ends anywhere goes on where it was.
/// </summary>
internal sealed partial class SubscriptionClockJob(
    TenantDatabase tenants, PostgresDatabase postgres, IStandings standings, IOptions<BillingOptions> options, TimeProvider time, BillingMetrics metrics, ILogger<SubscriptionClockJob> logger)
{
    public const string Job = "subscription-clock";

    private const int BatchSize = 200;

    /// <summary>Everything that is due now.</summary>
    /// <returns>How many subscriptions something happened to.</returns>
    public async Task<int> StepAsync(Ownership mine, CancellationToken cancellationToken)
    {
        DateTimeOffset now = time.GetUtcNow();
        int moved = 0;
        foreach (string tenant in await SubscriptionSearch.TenantsWithDueAsync(postgres.Source, now, options.Value.FirstPaymentLapse, cancellationToken))
        {
            moved += await RunTenantAsync(mine, tenant, now, cancellationToken);
            await mine.CheckAsync(cancellationToken);
        }

        metrics.ClockMoved(moved);
        return moved;
    }

    private async Task<int> RunTenantAsync(Ownership mine, string tenant, DateTimeOffset now, CancellationToken cancellationToken)
    {
        int moved = 0;
        string? after = null;
        int size = BatchSize;
        while (true)
        {
            try
            {
                (int count, string? last) = await RunBatchAsync(mine, tenant, now, after, size, cancellationToken);
                moved += count;
                if (last is null)
                {
                    return moved;
                }

                after = last;
            }
            catch (Exception problem) when (size > 1 && problem is not (OperationCanceledException or OwnershipLostException))
            {
                // One that cannot be moved must not hold up the others: from here on each is on its own.
                LogBatchFailed(tenant, problem);
                size = 1;
            }
            catch (Exception problem) when (problem is not (OperationCanceledException or OwnershipLostException))
            {
                after = await NextAsync(tenant, now, after, cancellationToken);
                LogFailed(tenant, after ?? "", problem);
            }
        }
    }

    /// <returns>How many were moved, and the last that was looked at; null when there was none left.</returns>
    private async Task<(int Count, string? Last)> RunBatchAsync(Ownership mine, string tenant, DateTimeOffset now, string? after, int size, CancellationToken cancellationToken)
    {
        await using TenantTransaction transaction = await tenants.BeginAsync(tenant, cancellationToken);
        await mine.HoldAsync(transaction, cancellationToken);
        IReadOnlyList<string> ids = await SubscriptionSearch.HoldDueAsync(transaction, now, options.Value.FirstPaymentLapse, after, size, cancellationToken);
        if (ids.Count == 0)
        {
            return (0, null);
        }

        IReadOnlyDictionary<string, Standing> stand = await standings.ReadAsync(transaction, ids, now, cancellationToken);
        IReadOnlyList<StoredSubscription> due = await SubscriptionStore.ReadAsync(transaction, TzdbZones.Instance, ids, cancellationToken);
        List<SubscriptionChange> changes = [.. due.Select(one => Move(one, stand.GetValueOrDefault(one.Id), now))];
        await SubscriptionChange.RecordAsync(transaction, changes, now, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return (changes.Count, ids[^1]);
    }

    /// <summary>What waits for its first payment is only ever due to lapse.</summary>
    private static SubscriptionChange Move(StoredSubscription due, Standing standing, DateTimeOffset now) => due.Now.State == SubscriptionState.Incomplete
        ? SubscriptionChange.Of(due).With(due.Now.Lapse(WholeMinute.From(now)), SubscriptionChange.Clock, now)
        : SubscriptionChange.Of(due).CaughtUp(now, standing, now);

    private async Task<string?> NextAsync(string tenant, DateTimeOffset now, string? after, CancellationToken cancellationToken)
    {
        await using TenantTransaction transaction = await tenants.BeginAsync(tenant, cancellationToken);
        return (await SubscriptionSearch.HoldDueAsync(transaction, now, options.Value.FirstPaymentLapse, after, 1, cancellationToken)) is [var next] ? next : after;
    }

    [LoggerMessage(6111, LogLevel.Warning, "Some subscriptions of tenant {Tenant} cannot be moved together; each is moved by itself")]
    private partial void LogBatchFailed(string tenant, Exception exception);

    [LoggerMessage(6112, LogLevel.Error, "Subscription {Subscription} of tenant {Tenant} cannot be moved; the others go on")]
    private partial void LogFailed(string tenant, string subscription, Exception exception);
}
