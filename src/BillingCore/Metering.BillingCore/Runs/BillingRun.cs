using Metering.Billing.Postgres.Runs;
using Metering.Billing.Postgres.Tenancy;
using Metering.Storage.ClickHouse;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Metering.BillingCore.Runs;

/// <summary>
/// Invoices whatever is due, in batches that are transactions of their own, several at a time. Any number of runs may go on at once, in any number of processes: a
/// subscription is billed by whoever holds its row, and what is billed is never due again. Safe for concurrent use.
/// </summary>
internal sealed partial class BillingRun(
    TenantDatabase tenants, SubscriptionReader subscriptions, ClickHouseDatabase database, IOptions<BillingOptions> options, TimeProvider time, ILogger<BillingRun> logger)
{
    /// <summary>Until nothing of the tenant is due any more, or only what waits.</summary>
    /// <param name="until">What is due by then; not after the clock.</param>
    /// <param name="progress">Told after each batch, from several threads.</param>
    /// <param name="enough">Ends the run after the batches that are being worked on.</param>
    public async Task<RunTally> RunAsync(string tenant, DateTimeOffset until, IProgress<RunTally>? progress, CancellationToken enough, CancellationToken cancellationToken)
    {
        RunTally[] tallies = await Task.WhenAll(Enumerable.Range(0, options.Value.RunWorkers).Select(_ => WorkAsync(tenant, until, progress, enough, cancellationToken)));
        return tallies.Aggregate(default(RunTally), (sum, one) => sum + one);
    }

    /// <summary>Bills one subscription now, although usage may be missing. The invoice shows the reason, and late usage repairs it.</summary>
    public async Task<RunTally> RunIncompleteAsync(TenantTransaction transaction, string subscription, string reason, CancellationToken cancellationToken)
    {
        await SealOrder.HoldAsync(transaction, cancellationToken);
        return await Batch(transaction, await Completeness.ReadAsync(transaction, cancellationToken), time.GetUtcNow(), reason)
            .RunAsync(await DueSubscriptions.HoldAsync(transaction, [subscription], cancellationToken), cancellationToken);
    }

    private async Task<RunTally> WorkAsync(string tenant, DateTimeOffset until, IProgress<RunTally>? progress, CancellationToken enough, CancellationToken cancellationToken)
    {
        RunTally sum = default;
        while (!enough.IsCancellationRequested && await Clashes.AgainAsync(() => OnceAsync(tenant, until, cancellationToken), LogAgain) is { Subscriptions: > 0 } tally)
        {
            sum += tally;
            progress?.Report(tally);
        }

        return sum;
    }

    private async Task<RunTally> OnceAsync(string tenant, DateTimeOffset until, CancellationToken cancellationToken)
    {
        await using TenantTransaction transaction = await tenants.BeginAsync(tenant, cancellationToken);
        await SealOrder.HoldAsync(transaction, cancellationToken);
        Completeness completeness = await Completeness.ReadAsync(transaction, cancellationToken);
        DateTimeOffset now = time.GetUtcNow();
        IReadOnlyList<BillingProgress> due = await DueSubscriptions.TakeAsync(transaction, until < now ? until : now, completeness.Upto, options.Value.RunBatch, cancellationToken);
        if (due.Count == 0)
        {
            return default;
        }

        RunTally tally = await Batch(transaction, completeness, until < now ? until : now, incompleteReason: null).RunAsync(due, cancellationToken);
        await transaction.CommitAsync(CancellationToken.None);
        return tally;
    }

    private BillingBatch Batch(TenantTransaction transaction, Completeness completeness, DateTimeOffset now, string? incompleteReason) =>
        new(transaction, completeness, subscriptions, new UsageOfScopes(database, options.Value.MaxSimulatedEvents), database, options.Value, now) { IncompleteReason = incompleteReason };

    [LoggerMessage(6141, LogLevel.Information, "A batch of the billing run ran into another change ({State}) and is done again")]
    private partial void LogAgain(string state);
}
