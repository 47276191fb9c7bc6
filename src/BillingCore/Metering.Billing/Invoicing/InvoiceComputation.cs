using Metering.Billing.Credits;
using Metering.Billing.Discounts;
using Metering.Billing.Tax;

namespace Metering.Billing.Invoicing;

/// <summary>
/// The invoice as a function of its inputs, in the order of <c>docs/specs/rating.md</c>: the charges' lines, commitments, invoice discounts,
/// promotional grants, tax. What settles it afterwards is <see cref="Settlement"/>.
/// </summary>
public static class InvoiceComputation
{
    /// <summary>The inputs have been checked where they were made: prices at publish, usage before it was frozen.</summary>
    /// <exception cref="OverflowException">An amount is beyond what money can hold.</exception>
    public static Invoice Compute(InvoiceInputs inputs)
    {
        List<InvoiceLine> lines = ChargeLines.Of(inputs);
        Discount(lines, inputs);
        List<GrantUse> promotions = Promote(lines, inputs);
        (Money[] taxes, List<TaxTotal> totals) = TaxComputation.Compute([.. lines.Select(line => line.Net)], [.. lines.Select(line => line.TaxRate)], inputs.Currency, inputs.Rounding);
        for (int i = 0; i < lines.Count; i++)
        {
            lines[i] = lines[i] with { Tax = taxes[i] };
        }

        return new Invoice(inputs.Currency, lines, totals, promotions, inputs.Tax.Status);
    }

    private static void Discount(List<InvoiceLine> lines, InvoiceInputs inputs)
    {
        foreach (PeriodDiscounts period in inputs.Discounts)
        {
            int[] reducible = [.. Enumerable.Range(0, lines.Count).Where(i => lines[i].Period == period.Period && IsReducible(lines[i]) && !IsDifference(lines[i], inputs))];
            Money[] taken = InvoiceDiscounts.Allocate(period, [.. reducible.Select(i => lines[i].Amount)], inputs.Rounding);
            for (int i = 0; i < reducible.Length; i++)
            {
                lines[reducible[i]] = lines[reducible[i]] with { Discount = taken[i] };
            }
        }
    }

    private static List<GrantUse> Promote(List<InvoiceLine> lines, InvoiceInputs inputs)
    {
        Money zero = Money.Zero(inputs.Currency);
        CreditLine[] open = [.. lines.Select(line => new CreditLine(line.Component, line.Service, IsReducible(line) ? line.Net : zero))];
        Money limit = open.Aggregate(zero, (sum, line) => sum + line.Open);
        List<GrantUse> uses = BurnDown.Apply(inputs.PromotionalGrants, open, limit);
        foreach (GrantUse use in uses)
        {
            for (int i = 0; i < lines.Count; i++)
            {
                lines[i] = lines[i] with { Promotional = lines[i].Promotional + use.Lines[i] };
            }
        }

        return uses;
    }

    /// <summary>It changes a line by what that costs after its discounts, so it has them already.</summary>
    public static bool IsDifference(InvoiceLine line, InvoiceInputs inputs) => line.Charge is { } charge && inputs.Charges[charge].OriginalTax is not null;

    /// <summary>Credit that is bought is a liability, not a sale: nothing makes it cheaper.</summary>
    private static bool IsReducible(InvoiceLine line) => line.Kind != InvoiceLineKind.GrantPurchase;
}
