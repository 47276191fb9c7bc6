using Metering.Billing.Invoicing;
using Metering.Billing.Periods;
using Metering.Billing.Postgres.Invoices;
using Metering.Billing.Postgres.Runs;
using Metering.Billing.Postgres.Tenancy;
using Metering.Billing.Rating;
using Metering.Billing.Runs;

namespace Metering.BillingCore.Runs;

/// <summary>
/// Derives the inputs of an invoice again: from the history up to the sequence numbers that it names, from what was issued before it, and from its frozen quantities. Tax rates
/// and grants are inputs as they were stored. Safe for concurrent use.
/// </summary>
internal sealed class HistoryCheck(SubscriptionReader subscriptions)
{
    /// <returns>Which inputs differ; null for an invoice that does not say what it was derived from: of no subscription, or from before that was stored.</returns>
    /// <exception cref="FormatException">The stored inputs cannot be read.</exception>
    public async Task<IReadOnlyList<InputDifference>?> CompareAsync(TenantTransaction transaction, StoredInvoice invoice, CancellationToken cancellationToken)
    {
        InvoiceInputs stored = InvoiceRules.Read(invoice.Inputs);
        if (invoice.Subscription is not { } id || stored.MappingSequence is null)
        {
            return null;
        }

        AsOf asOf = new(stored.HistorySequence, invoice.IssuedAt, invoice.Number, invoice.Id);
        OpenSubscription subscription = (await subscriptions.ReadAsync(transaction, [new BillingProgress(id, stored.BilledTo, BillAt: null)], asOf, cancellationToken))[0];
        DueLines lines = LinesOf(subscription, invoice, UsageOf(stored));
        return InputDifferences.Of(stored, stored with
        {
            Tzdb = subscription.History.ZoneNow.TzdbVersion,
            Currency = subscription.History.Currency,
            Rounding = subscription.History.Rounding,
            Charges = [.. lines.Charges, .. subscription.Pending.Select(one => one.Charge)],
            Commitments = lines.Commitments,
            Discounts = lines.Discounts,
        });
    }

    /// <summary>By the kind of the invoice: what is due, what is due of it without usage, or only what a correction has left.</summary>
    private static DueLines LinesOf(OpenSubscription subscription, StoredInvoice invoice, Func<RatingScope, Usage> usage) => invoice.Kind switch
    {
        "period" => DueCharges.Of(subscription.History, subscription.After, invoice.DueAt, subscription.Issued, usage),
        "advance" => DueCharges.Of(subscription.History, subscription.After, invoice.DueAt, subscription.Issued, usage: null),
        _ => new DueLines([], [], []),
    };

    private static Func<RatingScope, Usage> UsageOf(InvoiceInputs stored)
    {
        Dictionary<(TimeRange, string), Usage> frozen = stored.Charges.OfType<UsageCharge>().ToDictionary(charge => (charge.Period, charge.Key), charge => charge.Usage);
        return scope => frozen.GetValueOrDefault((scope.Period.Full, scope.Key), Usage.None);
    }
}
