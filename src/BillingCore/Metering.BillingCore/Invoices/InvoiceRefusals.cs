using System.Diagnostics;
using Metering.Billing.Invoicing;
using Metering.Billing.Postgres.Invoices;
using Metering.BillingCore.Http;

namespace Metering.BillingCore.Invoices;

/// <summary>Reasons in words.</summary>
internal static class InvoiceRefusals
{
    /// <param name="what">What was asked for: <c>invoice inv_…</c>.</param>
    /// <exception cref="RefusedException">There is a reason.</exception>
    public static T Made<T>(this Change<T> change, string what)
        where T : class => change.Made ?? throw Of(change.Refusal, what);

    private static RefusedException Of(InvoiceRefusal refusal, string what) => refusal switch
    {
        InvoiceRefusal.Unknown => RefusedException.NotFound($"There is no {what}, or it has no such line."),
        InvoiceRefusal.ReferenceUsed => RefusedException.Conflict($"{what}: this reference was used for something else. A reference is used once."),
        InvoiceRefusal.NotFinal => RefusedException.Conflict($"{what} is a draft: it asks for nothing yet. A draft is deleted, not voided."),
        InvoiceRefusal.IsVoid => RefusedException.Conflict($"{what} is void: it asks for nothing any more."),
        InvoiceRefusal.IsPaid => RefusedException.Conflict($"{what} is paid: there is nothing to write off."),
        InvoiceRefusal.WrittenOff => RefusedException.Conflict($"{what} was written off: nothing of it is expected any more."),
        InvoiceRefusal.HasPayments => RefusedException.Conflict($"{what} has payments: from now on only credit notes take something back."),
        InvoiceRefusal.HasCreditNotes => RefusedException.Conflict($"{what} has a credit note: from now on only credit notes take something back. Void that one first."),
        InvoiceRefusal.NothingLeft => RefusedException.Conflict($"{what} has nothing left that could be credited."),
        InvoiceRefusal.TooMuch => RefusedException.Conflict($"{what} has less left to credit than that."),
        InvoiceRefusal.BuysCredit => RefusedException.Conflict($"{what} sells credit: refund what is unused of the grant, or void the invoice while it is unpaid."),
        InvoiceRefusal.Spent => RefusedException.Conflict($"{what} gave credit that is spent: it cannot be taken back."),
        _ => throw new UnreachableException(),
    };
}
