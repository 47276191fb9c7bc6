using Metering.Billing.Invoicing;

namespace Metering.Billing.Ledger;

/// <summary>From what people are billed to what the ledger books: lines without the tax that is in them, and how much of each is deferred.</summary>
public static class LineFacts
{
    /// <summary>Of an invoice that becomes final, line by line.</summary>
    /// <param name="accrued">By index of the charge: what of it was posted as late usage before. It belongs to the charge's first line.</param>
    /// <param name="stillDeferred">By <see cref="LineId"/> of the lines that these may correct. What a line takes of it is gone for the next one.</param>
    public static LineFact[] Of(string invoice, IReadOnlyList<InvoiceLine> lines, IReadOnlyDictionary<int, Money> accrued, Dictionary<string, Money> stillDeferred)
    {
        LineFact[] facts = new LineFact[lines.Count];
        for (int i = 0; i < facts.Length; i++)
        {
            InvoiceLine line = lines[i];
            bool isFirstOfCharge = i == 0 || lines[i - 1].Charge != line.Charge;
            LineFact fact = Of(LineId.Of(invoice, i + 1), line.Amount - line.Discount, line.Tax, line.TaxRate is { IsInclusive: true }, line.Recognition) with
            {
                Grant = line.Grant,
                Accrued = line.Charge is { } charge && isFirstOfCharge ? accrued.GetValueOrDefault(charge, Money.Zero(line.Amount.Currency)) : Money.Zero(line.Amount.Currency),
            };
            facts[i] = line.Corrects is null ? fact : Correcting(fact, line.Corrects, stillDeferred);
        }

        return facts;
    }

    /// <param name="amount">After discounts, before promotional grants; an inclusive tax is in it.</param>
    public static LineFact Of(string id, Money amount, Money tax, bool isTaxInclusive, LineRecognition recognition) => new(id, isTaxInclusive ? amount - tax : amount, tax, recognition);

    /// <summary>The invoice with what settles it.</summary>
    public static FinalizedInvoice Finalized(string id, string customer, Invoice invoice, Settlement settlement, IReadOnlyList<LineFact> lines) => new(
        id, customer, lines, Uses(invoice.Promotions), Uses(settlement.PaidGrants), settlement.CustomerCredit);

    private static LineFact Correcting(LineFact fact, string corrected, Dictionary<string, Money> stillDeferred)
    {
        fact = fact with { StillDeferred = stillDeferred.GetValueOrDefault(corrected, Money.Zero(fact.Net.Currency)) };
        if (fact.Deferred.Sign < 0)
        {
            stillDeferred[corrected] = fact.StillDeferred + fact.Deferred;
        }

        return fact;
    }

    private static GrantUse[] Uses(IEnumerable<Credits.GrantUse> uses) => [.. uses.Select(use => new GrantUse(use.Grant, use.Amount))];
}
