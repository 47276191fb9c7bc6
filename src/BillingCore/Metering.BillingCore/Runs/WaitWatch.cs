using System.Globalization;
using Metering.Billing.Postgres.Runs;
using Metering.Billing.Postgres.Tenancy;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Metering.BillingCore.Runs;

/// <summary>Looks at the drafts that wait, and says of each once that it waits for too long, and for what. Safe for concurrent use.</summary>
internal sealed partial class WaitWatch(TenantDatabase tenants, IOptions<BillingOptions> options, TimeProvider time, ILogger<WaitWatch> logger)
{
    private const int MaxTold = 1_000;
    private const int MaxNamed = 10;

    /// <returns>What waits now.</returns>
    public async Task<IReadOnlyList<DraftWait>> RunAsync(string tenant, CancellationToken cancellationToken)
    {
        await using TenantTransaction transaction = await tenants.BeginAsync(tenant, cancellationToken);
        DateTimeOffset now = time.GetUtcNow();
        Completeness completeness = await Completeness.ReadAsync(transaction, cancellationToken);
        IReadOnlyList<DraftWait> waits = await DraftWaits.ReadAsync(transaction, now, completeness.Upto, cancellationToken);
        if (waits.Any(wait => wait.Oldest <= now - options.Value.AlertAfter))
        {
            foreach (IGrouping<WaitReason, OverdueDraft> late in (await DraftWaits.TellAsync(transaction, now - options.Value.AlertAfter, completeness.Upto, MaxTold, cancellationToken)).GroupBy(one => one.Reason))
            {
                OverdueDraft oldest = late.MinBy(one => one.DueAt);
                LogWaits(tenant, late.Count(), oldest.DueAt, string.Join(", ", late.Take(MaxNamed).Select(one => one.Subscription)), await HolderAsync(transaction, late, completeness, cancellationToken));
            }

            await transaction.CommitAsync(cancellationToken);
        }

        return waits;
    }

    /// <summary>The clock that partitions have to reach before usage until an instant is sealed: the lateness that is allowed lies within it.</summary>
    public DateTimeOffset ClockFor(DateTimeOffset needed) => needed + options.Value.AdvanceWaits;

    private async Task<string> HolderAsync(TenantTransaction transaction, IEnumerable<OverdueDraft> late, Completeness completeness, CancellationToken cancellationToken)
    {
        OverdueDraft first = late.MinBy(one => one.Needs);
        return first.Reason switch
        {
            WaitReason.Filling => $"meters that are still being filled: {string.Join(", ", completeness.Filling.Order(StringComparer.Ordinal))}",
            WaitReason.Unpriced => $"usage that has no price: {first.Why}",
            _ => await DraftWaits.PartitionsAsync(transaction, ClockFor(first.Needs), cancellationToken) switch
            {
                [] => "the sealer: every partition is far enough",
                var slow => $"partitions that hold the seal back: {string.Join(", ", slow.Select(Text))}",
            },
        };
    }

    private static string Text(SlowPartition slow) =>
        string.Create(CultureInfo.InvariantCulture, $"{slow.Partition} (at {slow.Clock:yyyy-MM-dd'T'HH:mm:ss'Z'}{(slow.Stopped is { } why ? $", stopped: {why}" : "")})");

    [LoggerMessage(6147, LogLevel.Warning, "Tenant {Tenant}: {Drafts} invoices wait for too long, the oldest since {Oldest:u} (subscriptions {Subscriptions}), for {Holder}")]
    private partial void LogWaits(string tenant, int drafts, DateTimeOffset oldest, string subscriptions, string holder);
}
