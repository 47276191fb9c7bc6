using System.Diagnostics;
using Metering.Billing.Catalog;
using Metering.Billing.Rating;
using Metering.Billing.Tax;

namespace Metering.Billing.Invoicing;

/// <summary>Steps 1 to 8: charges become lines with amounts.</summary>
internal static class ChargeLines
{
    public static List<InvoiceLine> Of(InvoiceInputs inputs)
    {
        List<InvoiceLine> lines = [];
        for (int index = 0; index < inputs.Charges.Count; index++)
        {
            Charge charge = inputs.Charges[index];
            int before = lines.Count;
            switch (charge)
            {
                case UsageCharge usage:
                    AddUsage(lines, usage, inputs);
                    break;
                case AmountCharge amount:
                    lines.Add(Line(charge, InvoiceLineKind.Amount, charge.Key, amount.Amount, inputs.Tax) with { Corrects = amount.Corrects, Arithmetic = amount.Arithmetic });
                    break;
                case GrantPurchase purchase:
                    lines.Add(Line(charge, InvoiceLineKind.GrantPurchase, charge.Key, purchase.Amount, inputs.Tax));
                    break;
                default:
                    throw new UnreachableException();
            }

            for (int i = before; i < lines.Count; i++)
            {
                lines[i] = lines[i] with { Charge = index };
            }
        }

        foreach (CommitmentCharge commitment in inputs.Commitments)
        {
            lines.Add(TrueUp(commitment, lines, inputs));
        }

        return lines;
    }

    /// <summary>One line; of a matrix one for each cell, and one for what is over their sum.</summary>
    private static void AddUsage(List<InvoiceLine> lines, UsageCharge charge, InvoiceInputs inputs)
    {
        Explanation explanation = new();
        RatingTerms terms = new(inputs.Currency, inputs.Rounding, charge.Share, charge.IsClosing);
        BilledStep step = StepBilling.Bill(charge.Price, charge.Usage, charge.Already, terms, explanation);
        Explanation? first = explanation;
        foreach (IGrouping<CellKey?, RatedLine> cell in step.Lines.GroupBy(line => line.Cell))
        {
            Money amount = cell.Aggregate(Money.Zero(inputs.Currency), (sum, line) => sum + line.Amount);
            bool isOverCells = step.Total.Cells is not null && cell.Key is null;
            string key = cell.Key is null ? charge.Key : $"{charge.Key}[{cell.Key}]";
            lines.Add(Line(charge, isOverCells ? InvoiceLineKind.Component : InvoiceLineKind.Usage, key, amount, inputs.Tax) with
            {
                Cell = cell.Key,
                Details = [.. cell],
                HasNoUsage = charge.Usage.IsNone && charge.Price.Price is not FlatPrice,
                Explanation = first,
            });
            first = null;
        }
    }

    /// <summary>What the components' lines, those below zero too, fall short of the commitment.</summary>
    private static InvoiceLine TrueUp(CommitmentCharge commitment, List<InvoiceLine> lines, InvoiceInputs inputs)
    {
        Money counted = commitment.Earlier;
        foreach (InvoiceLine line in lines.Where(line => Counts(commitment, line)))
        {
            counted += line.Amount;
        }

        Money owed = Money.Round(commitment.Amount * commitment.Share, inputs.Currency, inputs.Rounding);
        Money zero = Money.Zero(inputs.Currency);
        return new InvoiceLine
        {
            Kind = InvoiceLineKind.Commitment,
            Key = $"commitment:{commitment.Key}",
            Component = "",
            Period = commitment.Period,
            Service = commitment.Period,
            Recognition = LineRecognition.Arrears,
            Amount = Money.Max(owed - counted, zero),
            Discount = zero,
            Promotional = zero,
            TaxRate = inputs.Tax.RateOf(commitment.TaxCategory),
            Tax = zero,
        };
    }

    /// <summary>The fees of the next period may be on the same invoice.</summary>
    private static bool Counts(CommitmentCharge commitment, InvoiceLine line) =>
        line.Kind is not (InvoiceLineKind.Commitment or InvoiceLineKind.GrantPurchase) && commitment.Components.Contains(line.Component) && commitment.Period.Contains(line.Service.Start);

    private static InvoiceLine Line(Charge charge, InvoiceLineKind kind, string key, Money amount, TaxTerms tax) => new()
    {
        Kind = kind,
        Key = key,
        Component = charge.Component,
        Period = charge.Period,
        Service = charge.Service,
        Recognition = charge.Recognition,
        PricedBy = charge.PricedBy,
        Grant = (charge as GrantPurchase)?.Grant ?? "",
        Amount = amount,
        Discount = Money.Zero(amount.Currency),
        Promotional = Money.Zero(amount.Currency),
        TaxRate = charge is GrantPurchase ? null : charge.OriginalTax is { } original ? original.Rate : tax.RateOf(charge.TaxCategory),
        Tax = Money.Zero(amount.Currency),
    };
}
