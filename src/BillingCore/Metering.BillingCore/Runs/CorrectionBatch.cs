using System.Globalization;
using System.Text;
using Metering.Billing;
using Metering.Billing.Corrections;
using Metering.Billing.Invoicing;
using Metering.Billing.Ledger;
using Metering.Billing.Periods;
using Metering.Billing.Postgres.Invoices;
using Metering.Billing.Postgres.Ledger;
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
    private const string Actor = "correction run";
    private long _mapping;

    /// <summary>A charge that would wait for longer than this gets an invoice of its own.</summary>
    private static readonly TimeSpan s_longestWait = TimeSpan.FromDays(31);

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
        await ReadUsageAsync(dirty, open, one => approved[one], cancellationToken);
        List<(DirtyPeriod Dirty, OpenSubscription Subscription, IReadOnlyList<AmountCharge> Changes)> changed =
            [.. dirty.Select(one => (one, open[one.Subscription], Changes(open[one.Subscription], one.Period)))];
        List<CorrectionRow> rows = [];
        foreach ((DirtyPeriod one, OpenSubscription subscription, IReadOnlyList<AmountCharge> changes) in changed)
        {
            rows.Add(await SettleAsync(one, subscription, changes, run, approved[one], cancellationToken));
        }

        rows.AddRange(await HeldHistoryAsync([.. changed.Where(one => one.Dirty.HasHistory && approved[one.Dirty] < seal.Number)], run, cancellationToken));
        await CorrectionStore.AddAsync(transaction, rows, cancellationToken);
        return rows;
    }

    private async Task ReadUsageAsync(IReadOnlyList<DirtyPeriod> dirty, Dictionary<string, OpenSubscription> open, Func<DirtyPeriod, long> historyOf, CancellationToken cancellationToken)
    {
        BilledSubjects subjects = await BilledSubjects.ReadAsync(transaction, [.. open.Values.Select(one => one.Customer).Distinct()], cancellationToken);
        _mapping = subjects.Sequence;
        foreach (IGrouping<long, DirtyPeriod> same in dirty.GroupBy(historyOf))
        {
            (OpenSubscription, RatingScope)[] scopes =
                [.. same.SelectMany(one => PeriodCorrection.ScopesOf(open[one.Subscription].History, one.Period).Select(scope => (open[one.Subscription], scope)))];
            await usage.ReadAsync(transaction, seal with { ApprovedHistory = same.Key }, scopes, subjects, cancellationToken);
        }
    }

    /// <summary>What an earlier correction found and no invoice has billed yet counts as issued.</summary>
    private static IReadOnlyList<AmountCharge> Changes(OpenSubscription subscription, TimeRange period)
    {
        Money zero = Money.Zero(subscription.History.Currency);
        IEnumerable<IssuedLine> pending = subscription.Pending.Select(one => new IssuedLine(
            $"{one.Correction}/{one.Number}", one.Charge.Period, one.Charge.Key, one.Charge.Component, one.Charge.Service, one.Charge.Recognition, one.Charge.Amount, zero, zero,
            one.Charge.OriginalTax?.Rate, zero, zero, IsVoid: false, IsDifference: true));
        IssuedLine[] issued = [.. subscription.Issued, .. pending];
        return PeriodCorrection.Of(subscription.History, period, issued, subscription.Tax with { At = period.End }, subscription.UsageOf);
    }

    private async Task<CorrectionRow> SettleAsync(
        DirtyPeriod dirty, OpenSubscription subscription, IReadOnlyList<AmountCharge> changes, string run, long history, CancellationToken cancellationToken)
    {
        string id = CorrectionRow.IdOf(transaction.Tenant, dirty.Subscription, dirty.Period, run);
        Currency currency = subscription.History.Currency;
        BilledLine[] lines = [.. changes.Select(Line)];
        Correction correction = CorrectionRun.Compute(lines, [], Creditable(subscription, dirty.Period), currency);
        switch (correction.Outcome)
        {
            case CorrectionOutcome.Charged:
                await ChargeAsync(id, dirty, subscription, changes, run, cancellationToken);
                break;
            case CorrectionOutcome.Credited:
                await CreditAsync(id, subscription, changes, correction, cancellationToken);
                break;
        }

        Money net = lines.Aggregate(Money.Zero(currency), (sum, line) => sum + line.Total);
        return new CorrectionRow(
            id, dirty.Subscription, dirty.Period, run, CorrectionState.Done, correction.Outcome, seal.Number, history, net, BodyOf(changes), now, DecidedBy: null, DecidedAt: null);
    }

    /// <summary>More: lines of the next invoice, and revenue that is earned and not invoiced yet.</summary>
    private async Task ChargeAsync(string id, DirtyPeriod dirty, OpenSubscription subscription, IReadOnlyList<AmountCharge> changes, string run, CancellationToken cancellationToken)
    {
        Money zero = Money.Zero(subscription.History.Currency);
        Money[] earned = [.. changes.Select(change => change.Recognition == LineRecognition.Arrears ? WithoutTax(change) : zero)];
        bool accrues = earned.Aggregate(zero, (sum, one) => sum + one).Sign > 0;
        if (accrues)
        {
            Booking booking = new(await LedgerStore.FirstOpenAsync(transaction, DateOnly.FromDateTime(now.UtcDateTime), cancellationToken), now);
            string period = dirty.Period.Start.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm'Z'", CultureInfo.InvariantCulture);
            IReadOnlyList<PostResult> posted = await LedgerStore.PostAsync(
                transaction, [.. InvoicePostings.LateUsage(dirty.Subscription, period, run, subscription.Customer, earned, booking)], PostMode.Atomic, cancellationToken);
            if (posted.Any(result => result is not (PostResult.Posted or PostResult.AlreadyPosted)))
            {
                throw new InvalidOperationException($"The late usage of {dirty.Subscription} cannot be posted: {string.Join(", ", posted)}.");
            }
        }

        PendingCharge[] pending = [.. changes.Select((change, i) => new PendingCharge(id, i + 1, change, accrues ? earned[i] : zero))];
        await PendingCharges.AddAsync(transaction, dirty.Subscription, pending, now, cancellationToken);
        await InvoiceUnlessDueAsync(id, subscription, pending, cancellationToken);
    }

    /// <summary>When no invoice comes soon, one of its own. One below zero gives it to the customer's credit.</summary>
    private async Task InvoiceUnlessDueAsync(string id, OpenSubscription subscription, IReadOnlyList<PendingCharge> pending, CancellationToken cancellationToken)
    {
        if (Agenda.NextDue(subscription.History, subscription.After) is not { } next || next > now + s_longestWait)
        {
            await InvoiceAsync(id, subscription, [.. subscription.Pending, .. pending], cancellationToken);
        }
    }

    private async Task InvoiceAsync(string id, OpenSubscription subscription, IReadOnlyList<PendingCharge> pending, CancellationToken cancellationToken)
    {
        DateTimeOffset at = new(now.UtcTicks - (now.UtcTicks % TimeSpan.TicksPerMinute), TimeSpan.Zero);
        DraftKey key = new(subscription.Progress.Subscription, at, $"correction:{id}", Attempt: 1);
        await InvoiceDrafts.OpenAsync(transaction, [(key, subscription.Customer, subscription.History.Currency)], now, cancellationToken);
        InvoiceInputs inputs = BillingBatch.InputsOf(subscription, at, new DueLines([.. pending.Select(one => one.Charge)], [], []), _mapping, seal);
        Dictionary<int, Money> accrued = pending.Index().Where(one => !one.Item.Accrued.IsZero).ToDictionary(one => one.Index, one => one.Item.Accrued);
        string invoice = key.IdIn(transaction.Tenant);
        await Finalization.FinalizeAsync(transaction, [new InvoiceToFinalize(invoice, inputs, Incomplete: false, Reason: null, accrued) { Zone = subscription.History.ZoneNow.Id }], now, cancellationToken);
        await PendingCharges.BillAsync(transaction, [.. pending.Select(one => (one, invoice))], cancellationToken);
    }

    /// <summary>Less: credit notes, newest invoice first; what no invoice can bear is given back with the next one, or with one of its own.</summary>
    private async Task CreditAsync(string id, OpenSubscription subscription, IReadOnlyList<AmountCharge> changes, Correction correction, CancellationToken cancellationToken)
    {
        Dictionary<(LineIdentity, bool), AmountCharge> byLine = changes.ToDictionary(change => (new LineIdentity(change.Period, change.Key), IsInclusive(change)));
        NoteToIssue[] notes = [.. correction.Notes.Select(note => new NoteToIssue(
            note.Invoice, $"correction:{id}", $"usage that became known later, as of seal {seal.Number}", [.. note.Lines.Select(line => Part(byLine[(line.Identity, line.IsTaxInclusive)], line))], Refunds: false))];
        foreach (Change<CreditNoteRow> issued in await CreditNotes.IssueAsync(transaction, Actor, notes, now, cancellationToken))
        {
            if (issued.Refusal is not InvoiceRefusal.None)
            {
                throw new InvalidOperationException($"Correction {id} cannot be credited: {issued.Refusal}.");
            }
        }

        PendingCharge[] rest =
        [
            .. correction.Rest.Select((line, i) => new PendingCharge(
                id, i + 1, byLine[(line.Identity, line.IsTaxInclusive)] with { Amount = line.Amount }, Money.Zero(subscription.History.Currency))),
        ];
        if (rest.Length > 0)
        {
            await PendingCharges.AddAsync(transaction, subscription.Progress.Subscription, rest, now, cancellationToken);
            await InvoiceUnlessDueAsync(id, subscription, rest, cancellationToken);
        }
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
            Money zero = Money.Zero(subscription.History.Currency);
            Money net = with.Aggregate(zero, (sum, one) => sum + Line(one).Total) - before.Aggregate(zero, (sum, one) => sum + Line(one).Total);
            if (BodyOf(with) != BodyOf(before))
            {
                string held = $"history:{seal.Number}";
                waiting.Add(new CorrectionRow(
                    CorrectionRow.IdOf(transaction.Tenant, dirty.Subscription, dirty.Period, held), dirty.Subscription, dirty.Period, held, CorrectionState.Pending, Outcome: null, seal.Number, seal.Number, net,
                    BodyOf(with), now, DecidedBy: null, DecidedAt: null));
            }
        }

        return waiting;
    }

    /// <summary>What is left to credit of the invoices that billed the period: of their lines of it, and not more than of the whole invoice.</summary>
    private static IssuedInvoice[] Creditable(OpenSubscription subscription, TimeRange period)
    {
        Money zero = Money.Zero(subscription.History.Currency);
        ILookup<string, IssuedLine> invoices = subscription.Issued.Where(line => !line.IsVoid && line.Recognition != LineRecognition.GrantPurchase).ToLookup(line => line.Invoice);
        return
        [
            .. invoices.Where(invoice => invoice.Any(line => line.Period == period)).Select((invoice, i) => new IssuedInvoice(
                invoice.Key, DateTimeOffset.UnixEpoch.AddTicks(i), // in the order of their issue
                Bears(invoice, Left))
            {
                Payable = Bears(invoice, Payable),
                Promoted = invoice.DistinctBy(line => line.Identity).Where(line => line.Promotional.Sign > 0).ToDictionary(line => line.Identity, line => (
                    new CreditableLine(line.Net, line.Promotional, line.Tax, line.TaxRate is { IsInclusive: true }), new CreditedLine(line.Credited, line.CreditedPromotional, line.CreditedTax))),
            }),
        ];

        Money Bears(IEnumerable<IssuedLine> lines, Func<IssuedLine, Money> left) => Money.Max(zero, Money.Min(Sum(lines.Where(line => line.Period == period), left), Sum(lines, left)));

        Money Sum(IEnumerable<IssuedLine> lines, Func<IssuedLine, Money> left) => lines.Aggregate(zero, (sum, line) => sum + left(line));
    }

    /// <summary>What is left of a line before promotional grants: with the tax that it would bear without them.</summary>
    private static Money Left(IssuedLine line) => line switch
    {
        { Promotional.IsZero: true } => Payable(line),
        { TaxRate: { IsInclusive: false } rate } => line.Net - line.Credited + Money.Round((line.Net - line.Credited).Exact * rate.Factor, line.Net.Currency),
        _ => line.Net - line.Credited,
    };

    /// <summary>What the customer owes or has paid of it still.</summary>
    private static Money Payable(IssuedLine line) =>
        line.Net - line.Credited - line.Promotional + line.CreditedPromotional + (line.TaxRate is { IsInclusive: false } ? line.Tax - line.CreditedTax : Money.Zero(line.Amount.Currency));

    private static BilledLine Line(AmountCharge change) => new(new LineIdentity(change.Period, change.Key), change.Amount, TaxOf(change), IsInclusive(change));

    private static Money TaxOf(AmountCharge change) =>
        change.OriginalTax?.Rate is { } rate ? Money.Round(change.Amount.Exact * rate.Factor, change.Amount.Currency) : Money.Zero(change.Amount.Currency);

    private static bool IsInclusive(AmountCharge change) => change.OriginalTax?.Rate is { IsInclusive: true };

    private static Money WithoutTax(AmountCharge change) => IsInclusive(change) ? change.Amount - TaxOf(change) : change.Amount;

    private static DifferencePart Part(AmountCharge change, BilledLine line) =>
        new(change.Period, change.Key, change.Component, change.Recognition, -line.Amount, -line.Promotional, -line.Tax, change.OriginalTax?.Rate);

    private static string BodyOf(IReadOnlyList<AmountCharge> changes) => $"[{string.Join(",", changes.Select(change => Encoding.UTF8.GetString(ChargeJson.Bytes(change))))}]";
}
