using Metering.Billing.Credits;
using Metering.Billing.Invoicing;
using Metering.Billing.Periods;
using Metering.Billing.Postgres.Customers;
using Metering.Billing.Postgres.Invoices;
using Metering.Billing.Postgres.Tenancy;
using Metering.Billing.Tax;

namespace Metering.Billing.Postgres.Grants;

/// <summary>Gives credit away, or sells it.</summary>
public static class GrantMaking
{
    /// <summary>The same grant again is the one that was made.</summary>
    /// <param name="tzdb">The zone rules of this program, which the purchase invoice names.</param>
    public static async Task<GrantChange> MakeAsync(TenantTransaction transaction, string actor, GrantToMake wanted, string tzdb, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await CustomerMoney.HoldAsync(transaction, [wanted.Customer], cancellationToken);
        if (await CustomerStore.FindAsync(transaction, wanted.Customer, cancellationToken) is not { } customer)
        {
            return new GrantChange(GrantRefusal.UnknownCustomer, null);
        }

        if (await GrantStore.FindByReferenceAsync(transaction, wanted.Reference, cancellationToken) is { } before)
        {
            return Same(before, wanted);
        }

        string id = DerivedId.Of("grant", transaction.Tenant, wanted.Reference);
        string? invoice = wanted.Kind == GrantKind.Paid ? await OpenPurchaseAsync(transaction, wanted, id, now, cancellationToken) : null;
        GrantState state = wanted.Kind == GrantKind.Paid ? GrantState.Pending : GrantState.Usable;
        GrantRow made = new(id, wanted.Reference, wanted.Customer, wanted.Kind, wanted.Amount, wanted.Amount, state, wanted.Components, wanted.Priority, wanted.ValidFrom, wanted.ExpiresAt, now, invoice);
        if (!await GrantStore.AddAsync(transaction, made, cancellationToken))
        {
            return await LostAsync(transaction, wanted, invoice, cancellationToken);
        }

        await GrantEvents.AddAsync(transaction, actor, made, "created", now, cancellationToken);
        if (invoice is not null)
        {
            await Finalization.FinalizeAsync(transaction, [Purchase(invoice, made, customer.TaxStatus, tzdb)], now, cancellationToken);
        }

        return new GrantChange(GrantRefusal.None, await GrantStore.FindAsync(transaction, id, cancellationToken));
    }

    /// <summary>Somebody else used the reference in this moment.</summary>
    private static async Task<GrantChange> LostAsync(TenantTransaction transaction, GrantToMake wanted, string? invoice, CancellationToken cancellationToken)
    {
        if (invoice is not null)
        {
            await InvoiceDrafts.DeleteAsync(transaction, [invoice], cancellationToken);
        }

        return Same((await GrantStore.FindByReferenceAsync(transaction, wanted.Reference, cancellationToken))!, wanted);
    }

    private static GrantChange Same(GrantRow before, GrantToMake wanted) =>
        before.Customer == wanted.Customer && before.Kind == wanted.Kind && before.Amount == wanted.Amount
            ? new GrantChange(GrantRefusal.None, before)
            : new GrantChange(GrantRefusal.ReferenceUsed, null);

    private static async Task<string> OpenPurchaseAsync(TenantTransaction transaction, GrantToMake wanted, string grant, DateTimeOffset now, CancellationToken cancellationToken) =>
        (await InvoiceDrafts.OpenAsync(transaction, [(new DraftKey("", now, $"purchase:{grant}", 1), wanted.Customer, wanted.Amount.Currency)], now, cancellationToken))[0];

    /// <summary>One untaxed line. It depends on no usage and no history.</summary>
    private static InvoiceToFinalize Purchase(string invoice, GrantRow grant, TaxStatus status, string tzdb)
    {
        GrantPurchase line = new()
        {
            Key = $"grant:{grant.Id}",
            Period = new TimeRange(grant.GrantedAt, grant.GrantedAt),
            Service = new TimeRange(grant.GrantedAt, grant.GrantedAt),
            Recognition = LineRecognition.GrantPurchase,
            Amount = grant.Amount,
            Grant = grant.Id,
        };
        InvoiceInputs inputs = new()
        {
            Subscription = "",
            HistorySequence = 0,
            Seal = 0,
            ApprovedHistorySeal = 0,
            Tzdb = tzdb,
            Currency = grant.Amount.Currency,
            Charges = [line],
            Tax = new TaxTerms(status, grant.GrantedAt, []),
        };
        return new InvoiceToFinalize(invoice, inputs, Incomplete: false, Reason: null, new Dictionary<int, Money>());
    }
}
