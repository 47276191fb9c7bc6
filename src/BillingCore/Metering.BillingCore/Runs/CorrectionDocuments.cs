using System.Globalization;
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

/// <summary>What comes of the differences that were found in a period: charges of the next invoice, credit notes, or nothing.</summary>
/// <param name="mapping">The last change of the subject mapping that they are by.</param>
internal sealed class CorrectionDocuments(TenantTransaction transaction, SealedUsage seal, long mapping, DateTimeOffset now)
{
    private const string Actor = "correction run";

    /// <summary>A charge that would wait for longer than this gets an invoice of its own.</summary>
    private static readonly TimeSpan s_longestWait = TimeSpan.FromDays(31);

    /// <param name="next">When the next invoice is due; null for never.</param>
    public static bool IsTooLate(DateTimeOffset? next, DateTimeOffset now) => next is not { } at || at > now + s_longestWait;

    public static string KindOf(string correction) => $"correction:{correction}";

    /// <param name="id">Of the correction.</param>
    public async Task<CorrectionOutcome> IssueAsync(
        string id, TimeRange period, OpenSubscription subscription, IReadOnlyList<AmountCharge> changes, string run, CancellationToken cancellationToken)
    {
        Correction correction = CorrectionRun.Compute([.. changes.Select(BilledLine.Of)], [], CreditableInvoices.Of(subscription.Issued, period), subscription.History.Currency);
        switch (correction.Outcome)
        {
            case CorrectionOutcome.Charged:
                await ChargeAsync(id, period, subscription, changes, run, cancellationToken);
                break;
            case CorrectionOutcome.Credited:
                await CreditAsync(id, subscription, changes, correction, cancellationToken);
                break;
        }

        return correction.Outcome;
    }

    /// <summary>More: lines of the next invoice, and revenue that is earned and not invoiced yet.</summary>
    private async Task ChargeAsync(string id, TimeRange corrected, OpenSubscription subscription, IReadOnlyList<AmountCharge> changes, string run, CancellationToken cancellationToken)
    {
        Money zero = Money.Zero(subscription.History.Currency);
        Money[] earned = [.. changes.Select(change => change.Recognition == LineRecognition.Arrears ? BilledLine.Of(change).WithoutTax : zero)];
        bool accrues = earned.Aggregate(zero, (sum, one) => sum + one).Sign > 0;
        if (accrues)
        {
            Booking booking = new(await LedgerStore.FirstOpenAsync(transaction, DateOnly.FromDateTime(now.UtcDateTime), cancellationToken), now);
            string period = corrected.Start.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm'Z'", CultureInfo.InvariantCulture);
            IReadOnlyList<PostResult> posted = await LedgerStore.PostAsync(
                transaction, [.. InvoicePostings.LateUsage(subscription.Progress.Subscription, period, run, subscription.Customer, earned, booking)], PostMode.Atomic, cancellationToken);
            if (posted.Any(result => result is not (PostResult.Posted or PostResult.AlreadyPosted)))
            {
                throw new InvalidOperationException($"The late usage of {subscription.Progress.Subscription} cannot be posted: {string.Join(", ", posted)}.");
            }
        }

        PendingCharge[] pending = [.. changes.Select((change, i) => new PendingCharge(id, i + 1, change, accrues ? earned[i] : zero))];
        await PendingCharges.AddAsync(transaction, subscription.Progress.Subscription, pending, now, cancellationToken);
        await InvoiceUnlessDueAsync(id, subscription, pending, cancellationToken);
    }

    /// <summary>When no invoice comes soon, one of its own. One below zero gives it to the customer's credit.</summary>
    private async Task InvoiceUnlessDueAsync(string id, OpenSubscription subscription, IReadOnlyList<PendingCharge> pending, CancellationToken cancellationToken)
    {
        if (IsTooLate(Agenda.NextDue(subscription.History, subscription.After), now))
        {
            await InvoiceAsync(id, subscription, [.. subscription.Pending, .. pending], cancellationToken);
        }
    }

    private async Task InvoiceAsync(string id, OpenSubscription subscription, IReadOnlyList<PendingCharge> pending, CancellationToken cancellationToken)
    {
        DateTimeOffset at = new(now.UtcTicks - (now.UtcTicks % TimeSpan.TicksPerMinute), TimeSpan.Zero);
        DraftKey key = new(subscription.Progress.Subscription, at, KindOf(id), Attempt: 1);
        await InvoiceDrafts.OpenAsync(transaction, [(key, subscription.Customer, subscription.History.Currency)], now, cancellationToken);
        InvoiceInputs inputs = BillingBatch.InputsOf(subscription, at, new DueLines([.. pending.Select(one => one.Charge)], [], []), mapping, seal);
        Dictionary<int, Money> accrued = pending.Index().Where(one => !one.Item.Accrued.IsZero).ToDictionary(one => one.Index, one => one.Item.Accrued);
        string invoice = key.IdIn(transaction.Tenant);
        await Finalization.FinalizeAsync(transaction, [new InvoiceToFinalize(invoice, inputs, Incomplete: false, Reason: null, accrued) { Zone = subscription.History.ZoneNow.Id }], now, cancellationToken);
        await PendingCharges.BillAsync(transaction, [.. pending.Select(one => (one, invoice))], cancellationToken);
    }

    /// <summary>Less: credit notes, newest invoice first; what they cannot have is of the next invoice, or of one of its own.</summary>
    private async Task CreditAsync(string id, OpenSubscription subscription, IReadOnlyList<AmountCharge> changes, Correction correction, CancellationToken cancellationToken)
    {
        Dictionary<(LineIdentity, bool), AmountCharge> byLine = changes.ToDictionary(change => (BilledLine.Of(change).Identity, BilledLine.Of(change).IsTaxInclusive));
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

    private static DifferencePart Part(AmountCharge change, BilledLine line) =>
        new(change.Period, change.Key, change.Component, change.Recognition, -line.Amount, -line.Promotional, -line.Tax, change.OriginalTax?.Rate);
}
