using Metering.Billing.Invoicing;
using Metering.Billing.Postgres.Invoices;
using Metering.Billing.Postgres.Subscriptions;
using Metering.Billing.Subscriptions;
using Metering.Billing.Zones;
using Metering.BillingCore.Http;

namespace Metering.BillingCore.Invoices;

/// <summary>What an invoice that asks for nothing more means for its subscription: the first payment came, or nothing is overdue any more.</summary>
internal static class PaidSubscription
{
    /// <param name="invoice">Its id; whether it is still open is read again.</param>
    public static async Task FollowAsync(BillingRequest request, IStandings standings, string invoice)
    {
        InvoiceRow now = (await InvoiceStore.FindAsync(request.Transaction, invoice, request.Aborted))!;
        if (now.State == InvoiceState.Open || now.Subscription is not { } id || await StateAsync(request, id) is not ("incomplete" or "past_due" or "unpaid"))
        {
            return;
        }

        StoredSubscription stored = (await SubscriptionStore.HoldAsync(request.Transaction, TzdbZones.Instance, [id], request.Aborted))[0];
        DateTimeOffset at = WholeMinute.From(request.Now);
        Standing standing = (await standings.ReadAsync(request.Transaction, [id], request.Now, request.Aborted)).GetValueOrDefault(id);
        Decision? decision = stored.Now.State switch
        {
            SubscriptionState.Incomplete when now.State == InvoiceState.Paid => stored.Now.FirstPaymentReceived(at),
            SubscriptionState.PastDue or SubscriptionState.Unpaid => stored.Now.Reassess(at, standing),
            _ => null,
        };
        if (decision is { IsApplied: true })
        {
            await SubscriptionChange.RecordAsync(request.Transaction, [SubscriptionChange.Of(stored).With(decision, Actors.Api, request.Now)], request.Now, request.Aborted);
        }
    }

    private static async Task<string?> StateAsync(BillingRequest request, string subscription)
    {
        await using Npgsql.NpgsqlCommand command = request.Transaction.Command("select state from billing.subscription where tenant_id = $1 and id = $2", request.Transaction.Tenant, subscription);
        return await command.ExecuteScalarAsync(request.Aborted) as string;
    }
}
