using System.Text;
using Metering.Billing;
using Metering.Billing.Corrections;
using Metering.Billing.Invoicing;
using Metering.Billing.Periods;
using Metering.Billing.Postgres.Runs;
using Metering.Billing.Postgres.Tenancy;
using Metering.Billing.Runs;
using Metering.BillingCore.Metered;

namespace Metering.BillingCore.Runs;

/// <summary>
/// One transaction of the correction run: some billed periods that changed are computed anew as of a done seal, what was issued is taken away, and the differences become
/// charges of the next invoice, credit notes, or a record only.
/// </summary>
internal sealed class CorrectionBatch(TenantTransaction transaction, SealedUsage seal, SubscriptionReader subscriptions, UsageOfScopes usage, DateTimeOffset now)
{
    public async Task<int> RunAsync(IReadOnlyList<DirtyPeriod> dirty, string run, CancellationToken cancellationToken)
    {
        IReadOnlyDictionary<DirtyPeriod, long> approved = await DirtyPeriods.ApprovedAsync(transaction, dirty, cancellationToken);
        List<CorrectionRow> found = [];

        // Of one subscription one period after the other: what the first finds is issued for the second.
        foreach (IGrouping<int, DirtyPeriod> round in dirty.GroupBy(one => one.Subscription).SelectMany(same => same.Select((one, i) => (i, one))).GroupBy(one => one.i, one => one.one))
        {
            found.AddRange(await RoundAsync([.. round], run, approved, cancellationToken));
        }

        await DirtyPeriods.CleanAsync(transaction, dirty, cancellationToken);
        return found.Count(one => one.Outcome is not CorrectionOutcome.Unchanged);
    }

    /// <summary>Each subscription once.</summary>
    private async Task<List<CorrectionRow>> RoundAsync(IReadOnlyList<DirtyPeriod> dirty, string run, IReadOnlyDictionary<DirtyPeriod, long> approved, CancellationToken cancellationToken)
    {
        IReadOnlyList<BillingProgress> held = await DueSubscriptions.HoldAsync(transaction, [.. dirty.Select(one => one.Subscription)], cancellationToken);
        Dictionary<string, OpenSubscription> open = (await subscriptions.ReadAsync(transaction, held, cancellationToken)).ToDictionary(one => one.Progress.Subscription, StringComparer.Ordinal);
        long mapping = await ReadUsageAsync(dirty, open, one => approved[one], cancellationToken);
        List<(DirtyPeriod Dirty, OpenSubscription Subscription, IReadOnlyList<AmountCharge> Changes)> changed =
            [.. dirty.Select(one => (one, open[one.Subscription], Changes(open[one.Subscription], one.Period)))];
        CorrectionDocuments documents = new(transaction, seal, mapping, now);
        List<CorrectionRow> rows = [];
        foreach ((DirtyPeriod one, OpenSubscription subscription, IReadOnlyList<AmountCharge> changes) in changed)
        {
            string id = CorrectionRow.IdOf(transaction.Tenant, one.Subscription, one.Period, run);
            CorrectionOutcome outcome = await documents.IssueAsync(id, one.Period, subscription, changes, run, cancellationToken);
            await DirtyPeriods.MarkAsync(transaction, one.Subscription, changes.Count == 0 ? [] : PeriodCorrection.CountedBy(one.Period, subscription.Issued), seal.Number, now, cancellationToken);
            rows.Add(new CorrectionRow(
                id, one.Subscription, one.Period, run, CorrectionState.Done, outcome, seal.Number, approved[one], NetOf(subscription, changes), BodyOf(changes), now, DecidedBy: null, DecidedAt: null));
        }

        rows.AddRange(await HeldHistoryAsync([.. changed.Where(one => one.Dirty.HasHistory && approved[one.Dirty] < seal.Number)], run, cancellationToken));
        await CorrectionStore.AddAsync(transaction, rows, cancellationToken);
        return rows;
    }

    /// <returns>The last change of the subject mapping that it is by.</returns>
    private async Task<long> ReadUsageAsync(IReadOnlyList<DirtyPeriod> dirty, Dictionary<string, OpenSubscription> open, Func<DirtyPeriod, long> historyOf, CancellationToken cancellationToken)
    {
        BilledSubjects subjects = await BilledSubjects.ReadAsync(transaction, [.. open.Values.Select(one => one.Customer).Distinct()], cancellationToken);
        foreach (IGrouping<long, DirtyPeriod> same in dirty.GroupBy(historyOf))
        {
            (OpenSubscription, RatingScope)[] scopes =
                [.. same.SelectMany(one => PeriodCorrection.ScopesOf(open[one.Subscription].History, one.Period).Select(scope => (open[one.Subscription], scope)))];
            await usage.ReadAsync(transaction, seal with { ApprovedHistory = same.Key }, scopes, subjects, cancellationToken);
        }

        return subjects.Sequence;
    }

    /// <summary>What an earlier correction found and no invoice has billed yet counts as issued.</summary>
    private static IReadOnlyList<AmountCharge> Changes(OpenSubscription subscription, TimeRange period)
    {
        Money zero = Money.Zero(subscription.History.Currency);
        IEnumerable<IssuedLine> pending = subscription.Pending.Select(one => new IssuedLine(
            $"{one.Correction}/{one.Number}", one.Charge.Period, one.Charge.Key, one.Charge.Component, one.Charge.Service, one.Charge.Recognition, one.Charge.Amount, zero, zero,
            one.Charge.OriginalTax?.Rate, zero, zero, IsVoid: false, IsDifference: true));
        IssuedLine[] issued = [.. subscription.Issued, .. pending];
        return PeriodCorrection.Of(subscription.History, period, subscription.After, issued, subscription.Tax with { At = period.End }, subscription.UsageOf);
    }

    /// <summary>What history that nobody has approved would change is recorded, and waits.</summary>
    private async Task<List<CorrectionRow>> HeldHistoryAsync(
        IReadOnlyList<(DirtyPeriod Dirty, OpenSubscription Subscription, IReadOnlyList<AmountCharge> Changes)> changed, string run, CancellationToken cancellationToken)
    {
        if (changed.Count == 0)
        {
            return [];
        }

        Dictionary<string, OpenSubscription> open = changed.ToDictionary(one => one.Dirty.Subscription, one => one.Subscription, StringComparer.Ordinal);
        await ReadUsageAsync([.. changed.Select(one => one.Dirty)], open, _ => seal.Number, cancellationToken);
        List<CorrectionRow> waiting = [];
        foreach ((DirtyPeriod dirty, OpenSubscription subscription, IReadOnlyList<AmountCharge> before) in changed)
        {
            IReadOnlyList<AmountCharge> with = Changes(subscription, dirty.Period);
            if (BodyOf(with) != BodyOf(before))
            {
                string held = $"history:{seal.Number}";
                waiting.Add(new CorrectionRow(
                    CorrectionRow.IdOf(transaction.Tenant, dirty.Subscription, dirty.Period, held), dirty.Subscription, dirty.Period, held, CorrectionState.Pending, Outcome: null, seal.Number, seal.Number,
                    NetOf(subscription, with) - NetOf(subscription, before), BodyOf(with), now, DecidedBy: null, DecidedAt: null));
            }
        }

        return waiting;
    }

    private static Money NetOf(OpenSubscription subscription, IReadOnlyList<AmountCharge> changes) =>
        changes.Aggregate(Money.Zero(subscription.History.Currency), (sum, change) => sum + BilledLine.Of(change).Total);

    private static string BodyOf(IReadOnlyList<AmountCharge> changes) => $"[{string.Join(",", changes.Select(change => Encoding.UTF8.GetString(ChargeJson.Bytes(change))))}]";
}
