using Metering.Billing.Credits;
using Metering.Billing.Invoicing;
using Metering.Billing.Ledger;
using Metering.Billing.Postgres.Customers;
using Metering.Billing.Postgres.Grants;
using Metering.Billing.Postgres.Ledger;
using Metering.Billing.Postgres.Tenancy;

namespace Metering.Billing.Postgres.Invoices;

/// <summary>An invoice with everything that follows from it, before any of it is written.</summary>
internal sealed record ComputedInvoice(InvoiceToFinalize Draft, InvoiceRow Row, Customer Customer, InvoiceDocument Document, Settlement Settlement, LineFact[] Lines)
{
    public Invoice Invoice => Document.Invoice;
}

/// <summary>What the customers of a batch have and what their lines may correct, read under the hold. What an invoice takes of it is gone for the next one.</summary>
internal sealed class FinalizationFacts
{
    private readonly IReadOnlyDictionary<string, Customer> _customers;
    private readonly Dictionary<string, Grant[]> _grants;
    private readonly Dictionary<(string Customer, Currency Currency), Money> _credits;
    private readonly Dictionary<string, Money> _stillDeferred;

    private FinalizationFacts(
        IReadOnlyDictionary<string, Customer> customers, Dictionary<string, Grant[]> grants, Dictionary<(string, Currency), Money> credits, Dictionary<string, Money> stillDeferred)
    {
        _customers = customers;
        _grants = grants;
        _credits = credits;
        _stillDeferred = stillDeferred;
    }

    public static async Task<FinalizationFacts> ReadAsync(
        TenantTransaction transaction, InvoiceToFinalize[] drafts, IReadOnlyDictionary<string, InvoiceRow> rows, CancellationToken cancellationToken)
    {
        string[] customers = [.. drafts.Select(draft => rows[draft.Id].Customer).Distinct()];
        IReadOnlyList<GrantRow> grants = await GrantStore.OfCustomersAsync(transaction, customers, cancellationToken);
        return new FinalizationFacts(
            await CustomerStore.ReadAsync(transaction, customers, cancellationToken),
            grants.GroupBy(grant => grant.Customer).ToDictionary(one => one.Key, one => one.Select(grant => grant.AsGrant()).ToArray()),
            await CustomerMoney.CreditsAsync(transaction, customers, cancellationToken),
            await StillDeferredAsync(transaction, drafts, cancellationToken));
    }

    public ComputedInvoice Compute(InvoiceToFinalize draft, InvoiceRow row)
    {
        if (draft.Inputs.Currency != row.Currency)
        {
            throw new ArgumentException($"Invoice {draft.Id} is in {row.Currency}, and its inputs are in {draft.Inputs.Currency}.", nameof(draft));
        }

        Customer customer = _customers[row.Customer];
        InvoiceDocument document = InvoiceDocument.Compute(draft.Inputs with { PromotionalGrants = GrantsFor(row, draft.Inputs, GrantKind.Promotional) });
        Money credit = customer.AppliesCredit ? CreditOf(row) : Money.Zero(row.Currency);
        Settlement settlement = Settlement.Of(document.Invoice, GrantsFor(row, draft.Inputs, GrantKind.Paid), credit);
        Take(row, document.Invoice, settlement);
        return new ComputedInvoice(draft, row, customer, document, settlement, LineFacts.Of(row.Id, document.Invoice.Lines, draft.Accrued, _stillDeferred));
    }

    /// <summary>Those of the kind that could cover one of the charges; a grant that could not is no input.</summary>
    private Grant[] GrantsFor(InvoiceRow row, InvoiceInputs inputs, GrantKind kind) =>
    [
        .. _grants.GetValueOrDefault(row.Customer, []).Where(grant => grant.Kind == kind && grant.IsUsable && grant.Remaining.Currency == row.Currency && grant.Remaining.Sign > 0
            && (inputs.Charges.Any(charge => grant.Covers(charge.Component, charge.Service)) || inputs.Commitments.Any(one => grant.Covers("", one.Period)))),
    ];

    private Money CreditOf(InvoiceRow row) => _credits.GetValueOrDefault((row.Customer, row.Currency), Money.Zero(row.Currency));

    private void Take(InvoiceRow row, Invoice invoice, Settlement settlement)
    {
        _credits[(row.Customer, row.Currency)] = CreditOf(row) - settlement.CustomerCredit + settlement.Carried;
        Grant[] grants = _grants.GetValueOrDefault(row.Customer, []);
        foreach (Credits.GrantUse use in invoice.Promotions.Concat(settlement.PaidGrants))
        {
            int index = Array.FindIndex(grants, grant => grant.Id == use.Grant);
            grants[index] = grants[index] with { Remaining = grants[index].Remaining - use.Amount };
        }
    }

    private static async Task<Dictionary<string, Money>> StillDeferredAsync(TenantTransaction transaction, InvoiceToFinalize[] drafts, CancellationToken cancellationToken)
    {
        Dictionary<string, Money> deferred = [];
        foreach (IGrouping<Currency, InvoiceToFinalize> currency in drafts.GroupBy(draft => draft.Inputs.Currency))
        {
            string[] corrected = [.. currency.SelectMany(draft => draft.Inputs.Charges).OfType<AmountCharge>()
                .Where(charge => charge.Recognition == LineRecognition.Advance).Select(charge => charge.Corrects).OfType<string>().Distinct()];
            if (corrected.Length > 0)
            {
                foreach ((string line, Money amount) in await Deferrals.StillDeferredAsync(transaction, corrected, currency.Key, cancellationToken))
                {
                    deferred.Add(line, amount);
                }
            }
        }

        return deferred;
    }
}
