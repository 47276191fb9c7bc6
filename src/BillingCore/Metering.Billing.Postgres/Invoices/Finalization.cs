using Metering.Billing.Postgres.Tenancy;

namespace Metering.Billing.Postgres.Invoices;

/// <summary>
/// Drafts become invoices: computed from their inputs and the promotional grants as they are, settled by paid grants and the customer's credit, numbered, and
/// posted, all of it in the caller's transaction and in a number of round trips that does not depend on how many there are.
/// </summary>
public static class Finalization
{
    /// <returns>One for each, in their order.</returns>
    /// <exception cref="ArgumentException">Inputs in another currency than their draft, or twice the same draft.</exception>
    /// <exception cref="OverflowException">An amount is beyond what money can hold.</exception>
    public static async Task<IReadOnlyList<FinalizedRow>> FinalizeAsync(
        TenantTransaction transaction, IReadOnlyList<InvoiceToFinalize> invoices, DateTimeOffset now, CancellationToken cancellationToken)
    {
        string[] ids = [.. invoices.Select(one => one.Id)];
        IReadOnlyDictionary<string, InvoiceRow> held = await InvoiceStore.HoldAsync(transaction, ids, cancellationToken);
        InvoiceToFinalize[] drafts = [.. invoices.Where(one => held.GetValueOrDefault(one.Id)?.State == Invoicing.InvoiceState.Draft)];
        if (drafts.DistinctBy(draft => draft.Id).Count() != drafts.Length)
        {
            throw new ArgumentException("A draft is finalised once.", nameof(invoices));
        }

        if (drafts.Length > 0)
        {
            FinalizationFacts facts = await FinalizationFacts.ReadAsync(transaction, drafts, held, cancellationToken);
            ComputedInvoice[] computed = [.. drafts.Select(draft => facts.Compute(draft, held[draft.Id]))];
            await FinalizationWriter.WriteAsync(transaction, computed, now, cancellationToken);
        }

        IReadOnlyDictionary<string, InvoiceRow> final = await InvoiceStore.ReadAsync(transaction, ids, cancellationToken);
        HashSet<string> done = [.. drafts.Select(draft => draft.Id)];
        return [.. ids.Select(id => new FinalizedRow(
            id,
            done.Contains(id) ? FinalizeOutcome.Finalized : final.ContainsKey(id) ? FinalizeOutcome.AlreadyFinal : FinalizeOutcome.NoDraft,
            final.GetValueOrDefault(id)))];
    }
}
