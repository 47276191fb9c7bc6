using Metering.Billing;
using Metering.Billing.Invoicing;
using Metering.Billing.Postgres.Invoices;
using Metering.Billing.Postgres.Runs;
using Metering.Billing.Postgres.Tenancy;
using Metering.Billing.Runs;
using Metering.BillingCore.Metered;
using Metering.Storage.ClickHouse;

namespace Metering.BillingCore.Runs;

/// <summary>
/// One transaction of the billing run: some subscriptions that are due are held, their usage is read, and each gets the one invoice that is due next, or is put off. Killed
/// at any step it has done nothing; done twice it does nothing the second time, because what is billed and how far stands in the same transaction.
/// </summary>
internal sealed class BillingBatch(
    TenantTransaction transaction, Completeness completeness, SubscriptionReader subscriptions, UsageOfScopes usage, ClickHouseDatabase database, BillingOptions options, DateTimeOffset now)
{
    /// <summary>No seal reaches it: what waits for something else than a seal is looked at again by the clock alone.</summary>
    private static readonly DateTimeOffset s_never = new(9999, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly List<BillingProgress> _progress = [];
    private readonly List<(OpenSubscription Subscription, DateTimeOffset Due)> _complete = [];
    private readonly List<(OpenSubscription Subscription, DraftKey Key, DueLines Lines, IReadOnlyList<PendingCharge> Pending)> _invoices = [];
    private readonly List<(DraftKey Key, string Customer, Currency Currency)> _waiting = [];
    private SealedUsage? _seal;
    private long _mapping;

    /// <summary>Why drafts are finalised before their usage is complete; null: they are not.</summary>
    public string? IncompleteReason { get; init; }

    public async Task<RunTally> RunAsync(IReadOnlyList<BillingProgress> due, CancellationToken cancellationToken)
    {
        IReadOnlyList<OpenSubscription> open = await subscriptions.ReadAsync(transaction, due, cancellationToken);
        foreach (OpenSubscription subscription in open)
        {
            Sort(subscription);
        }

        await ReadUsageAsync(cancellationToken);
        foreach ((OpenSubscription subscription, DateTimeOffset at) in _complete)
        {
            Bill(subscription, at);
        }

        int issued = await IssueAsync(cancellationToken);
        await DueSubscriptions.SaveAsync(transaction, _progress, cancellationToken);
        await MarkIncompleteAsync(cancellationToken);
        return new RunTally(open.Count, issued, _waiting.Count);
    }

    /// <summary>What a subscription is due for, and whether the usage it needs is there.</summary>
    private void Sort(OpenSubscription subscription)
    {
        BillingHistory history = subscription.History;
        DateTimeOffset? next = Agenda.NextDue(history, subscription.After);
        if (next is not { } at || at > now)
        {
            BillPending(subscription, next);
            _progress.Add(subscription.Progress with { BillAt = next });
            return;
        }

        IReadOnlyList<RatingScope> scopes = DueCharges.ScopesOf(history, subscription.After, at, subscription.Issued);
        DateTimeOffset needed = scopes.Select(scope => scope.DueAt).DefaultIfEmpty(DateTimeOffset.MinValue).Max();
        bool fills = scopes.Any(scope => scope.Terms.Component.Source is { } source && completeness.Filling.Contains(source.Meter));
        if ((needed <= completeness.Upto && !fills) || IncompleteReason is not null)
        {
            _complete.Add((subscription, at));
            return;
        }

        PutOff(subscription, at, fills ? null : needed);
    }

    /// <summary>What corrections left, and no invoice that comes soon: one that had it was voided.</summary>
    private void BillPending(OpenSubscription subscription, DateTimeOffset? next)
    {
        if (IncompleteReason is null && subscription.Pending is [.., { } last] && CorrectionDocuments.IsTooLate(next, now))
        {
            DateTimeOffset minute = new(now.UtcTicks - (now.UtcTicks % TimeSpan.TicksPerMinute), TimeSpan.Zero);
            _invoices.Add((
                subscription, KeyOf(subscription, minute, CorrectionDocuments.KindOf(last.Correction)), new DueLines([.. subscription.Pending.Select(one => one.Charge)], [], []), subscription.Pending));
        }
    }

    /// <summary>Usage is not complete. Fees that have waited for long go on an invoice of their own; the draft of the rest waits.</summary>
    private void PutOff(OpenSubscription subscription, DateTimeOffset at, DateTimeOffset? needed)
    {
        DateTimeOffset patience = at + options.AdvanceWaits;
        if (now >= patience)
        {
            DueLines fees = DueCharges.Of(subscription.History, subscription.After, at, subscription.Issued, usage: null);
            if (!fees.IsEmpty)
            {
                _invoices.Add((subscription, KeyOf(subscription, at, "advance"), fees, []));
            }
        }

        _waiting.Add((KeyOf(subscription, at, "period"), subscription.Customer, subscription.History.Currency));
        _progress.Add(subscription.Progress with
        {
            BillAt = at,
            WaitsFor = needed ?? s_never,
            LooksAt = needed is null ? now + options.RunEvery : now < patience ? patience : null,
        });
    }

    private async Task ReadUsageAsync(CancellationToken cancellationToken)
    {
        BilledSubjects subjects = await BilledSubjects.ReadAsync(transaction, [.. _complete.Select(one => one.Subscription.Customer).Distinct()], cancellationToken);
        _mapping = subjects.Sequence;
        (OpenSubscription Subscription, RatingScope Scope)[] scopes =
            [.. _complete.SelectMany(one => DueCharges.ScopesOf(one.Subscription.History, one.Subscription.After, one.Due, one.Subscription.Issued).Select(scope => (one.Subscription, scope)))];
        if (scopes.Length == 0)
        {
            return;
        }

        _seal = await SealedUsage.FindAsync(database, completeness.Seal == 0 ? null : completeness.Seal, cancellationToken);
        if (_seal is not null)
        {
            await usage.ReadAsync(transaction, _seal, scopes, subjects, cancellationToken);
        }
    }

    /// <summary>What was billed before its usage was complete is corrected once it is.</summary>
    private async Task MarkIncompleteAsync(CancellationToken cancellationToken)
    {
        if (IncompleteReason is null)
        {
            return;
        }

        foreach ((OpenSubscription subscription, DateTimeOffset at) in _complete)
        {
            await DirtyPeriods.MarkAsync(transaction, subscription.Progress.Subscription, completeness.Upto, at, completeness.Seal + 1, now, cancellationToken);
        }
    }

    private void Bill(OpenSubscription subscription, DateTimeOffset at)
    {
        if (subscription.Held is { } reason)
        {
            _waiting.Add((KeyOf(subscription, at, "period"), subscription.Customer, subscription.History.Currency));
            _progress.Add(subscription.Progress with { BillAt = at, WaitsFor = s_never, LooksAt = now + options.HeldAgain, HeldBecause = reason });
            return;
        }

        DueLines lines = DueCharges.Of(subscription.History, subscription.After, at, subscription.Issued, subscription.UsageOf);
        if (!lines.IsEmpty || subscription.Pending.Count > 0)
        {
            DueLines all = lines with { Charges = [.. lines.Charges, .. subscription.Pending.Select(one => one.Charge)] };
            _invoices.Add((subscription, KeyOf(subscription, at, "period"), all, subscription.Pending));
        }

        _progress.Add(new BillingProgress(subscription.Progress.Subscription, at, Agenda.NextDue(subscription.History, at)));
    }

    private async Task<int> IssueAsync(CancellationToken cancellationToken)
    {
        IReadOnlyDictionary<DraftKey, int> attempts = await Attempts.ReadAsync(transaction, [.. _invoices.Select(one => one.Key), .. _waiting.Select(one => one.Key)], cancellationToken);
        DraftKey Numbered(DraftKey key) => key with { Attempt = attempts.GetValueOrDefault(key, 1) };
        await InvoiceDrafts.OpenAsync(
            transaction,
            [.. _waiting.Select(one => (Numbered(one.Key), one.Customer, one.Currency)), .. _invoices.Select(one => (Numbered(one.Key), one.Subscription.Customer, one.Subscription.History.Currency))],
            now, cancellationToken);
        if (_invoices.Count == 0)
        {
            return 0;
        }

        string[] ids = [.. _invoices.Select(one => Numbered(one.Key).IdIn(transaction.Tenant))];
        IReadOnlyList<FinalizedRow> final = await Finalization.FinalizeAsync(
            transaction, [.. _invoices.Zip(ids, (one, id) => ToFinalize(id, one.Subscription, one.Key.DueAt, one.Lines, one.Pending))], now, cancellationToken);
        await PendingCharges.BillAsync(transaction, [.. _invoices.Zip(ids).SelectMany(one => one.First.Pending.Select(charge => (charge, one.Second)))], cancellationToken);
        return final.Count(one => one.Outcome == FinalizeOutcome.Finalized);
    }

    private InvoiceToFinalize ToFinalize(string id, OpenSubscription subscription, DateTimeOffset at, DueLines lines, IReadOnlyList<PendingCharge> pending)
    {
        InvoiceInputs inputs = InputsOf(subscription, at, lines, _mapping, _seal);
        int first = lines.Charges.Count - pending.Count;
        Dictionary<int, Money> accrued = pending.Index().Where(one => !one.Item.Accrued.IsZero).ToDictionary(one => first + one.Index, one => one.Item.Accrued);
        return new InvoiceToFinalize(id, inputs, IncompleteReason is not null, IncompleteReason, accrued) { Zone = subscription.History.ZoneNow.Id };
    }

    /// <summary>All that the invoice depends on.</summary>
    internal static InvoiceInputs InputsOf(OpenSubscription subscription, DateTimeOffset at, DueLines lines, long mapping, SealedUsage? seal) => new()
    {
        Subscription = subscription.Progress.Subscription,
        HistorySequence = subscription.Sequence,
        MappingSequence = mapping,
        BilledTo = subscription.Progress.BilledTo,
        Seal = seal?.Number ?? 0,
        ApprovedHistorySeal = seal?.ApprovedHistory ?? 0,
        Tzdb = subscription.History.ZoneNow.TzdbVersion,
        Currency = subscription.History.Currency,
        Rounding = subscription.History.Rounding,
        Charges = lines.Charges,
        Commitments = lines.Commitments,
        Discounts = lines.Discounts,
        Tax = subscription.Tax with { At = at },
    };

    private static DraftKey KeyOf(OpenSubscription subscription, DateTimeOffset at, string kind) => new(subscription.Progress.Subscription, at, kind, Attempt: 1);
}
