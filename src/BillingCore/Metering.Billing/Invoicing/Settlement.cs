using Metering.Billing.Credits;

namespace Metering.Billing.Invoicing;

/// <summary>How an invoice's total is settled on the day it is finalised, after tax: paid grants, then the customer's credit. Outside the invoice's bytes.</summary>
/// <param name="PaidGrants">In order of use, allocated over the invoice's lines.</param>
/// <param name="CustomerCredit">Used of what we owe the customer, zero or more.</param>
/// <param name="Carried">What a total below zero adds to the customer's credit, zero or more.</param>
/// <param name="AmountDue">Zero or more.</param>
public sealed record Settlement(IReadOnlyList<GrantUse> PaidGrants, Money CustomerCredit, Money Carried, Money AmountDue)
{
    /// <param name="customerCredit">What the customer has; zero when it is switched off for this invoice.</param>
    public static Settlement Of(Invoice invoice, IEnumerable<Grant> paidGrants, Money customerCredit)
    {
        Money zero = Money.Zero(invoice.Currency);
        Money total = invoice.Total;
        if (total.Sign <= 0)
        {
            return new Settlement([], zero, -total, zero);
        }

        CreditLine[] open = [.. invoice.Lines.Select(line => new CreditLine(line.Component, line.Service, line.Kind == InvoiceLineKind.GrantPurchase ? zero : line.Payable))];
        List<GrantUse> uses = BurnDown.Apply(paidGrants, open, Money.Max(open.Aggregate(zero, (sum, line) => sum + line.Open), zero));
        Money due = uses.Aggregate(total, (left, use) => left - use.Amount);
        Money credit = Money.Min(customerCredit, due);
        return new Settlement(uses, credit, zero, due - credit);
    }
}
