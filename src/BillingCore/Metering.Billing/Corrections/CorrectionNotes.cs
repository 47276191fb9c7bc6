using Metering.Billing.Invoicing;

namespace Metering.Billing.Corrections;

/// <summary>Spreads differences whose net is below zero over the invoices that can bear them, newest first.</summary>
internal static class CorrectionNotes
{
    /// <summary>
    /// What returns to grants is not the customer's, and a note asks for nothing: where one would, what became dearer is left to the next invoice, and the notes have only what is given back.
    /// </summary>
    /// <param name="credit">Minus the net of the lines: above zero.</param>
    public static Correction Credit(IReadOnlyList<BilledLine> lines, Money credit, IReadOnlyList<IssuedInvoice> invoices)
    {
        Correction whole = Spread(lines, credit, invoices);
        if (whole.Notes.All(note => note.Total.Sign >= 0))
        {
            return whole;
        }

        BilledLine[] less = [.. lines.Where(line => line.Total.Sign < 0)];
        Correction back = Spread(less, less.Aggregate(Money.Zero(credit.Currency), (sum, line) => sum - line.Total), invoices);
        return whole with { Notes = back.Notes, Rest = [.. back.Rest, .. lines.Where(line => line.Total.Sign >= 0)] };
    }

    private static Correction Spread(IReadOnlyList<BilledLine> lines, Money credit, IReadOnlyList<IssuedInvoice> invoices)
    {
        List<CorrectionNote> notes = [];
        Money given = Money.Zero(credit.Currency);
        IReadOnlyList<BilledLine> done = PartsUpTo(lines, given, credit);
        foreach (IssuedInvoice invoice in invoices.OrderByDescending(one => one.IssuedAt).ThenByDescending(one => one.Id, StringComparer.Ordinal))
        {
            Money here = Money.Min(invoice.Creditable, credit - given);
            if (here.Sign > 0 && Promoted(Less(PartsUpTo(lines, given + here, credit), done), invoice).Aggregate(-invoice.Payable, (sum, line) => sum - line.Total + line.Promotional).Sign > 0)
            {
                here = Money.Min(here, invoice.Payable); // what is not of its own lines returns to no grant
            }

            if (here.Sign <= 0)
            {
                continue;
            }

            given += here;
            IReadOnlyList<BilledLine> upTo = PartsUpTo(lines, given, credit);
            notes.Add(new CorrectionNote(invoice.Id, Promoted(Less(upTo, done), invoice)));
            done = upTo;
        }

        return new Correction(CorrectionOutcome.Credited, lines, notes, given == credit ? [] : Less(lines, done));
    }

    /// <summary>The lines' parts of the first so much of the credit: cumulative, so that the parts sum to the lines without a cent left over.</summary>
    private static BilledLine[] PartsUpTo(IReadOnlyList<BilledLine> lines, Money given, Money credit)
    {
        Fraction share = given.Exact / credit.Exact;
        Fraction[] totals = [.. lines.Select(line => (Fraction)line.Total.MinorUnits * share)];
        long[] parts = LargestRemainder.Share(-given.MinorUnits, totals);
        return [.. lines.Select((line, i) => Part(line, new Money(parts[i], given.Currency), share))];
    }

    /// <summary>So much of a line's total: the tax in proportion, the amount is the rest of it.</summary>
    private static BilledLine Part(BilledLine line, Money total, Fraction share)
    {
        Money tax = Money.Round(line.Tax.Exact * share, total.Currency);
        return line with { Amount = line.IsTaxInclusive ? total : total - tax, Tax = tax };
    }

    /// <summary>A credit gives back its line's promotional share in proportion, and the tax of the rest.</summary>
    private static BilledLine[] Promoted(BilledLine[] parts, IssuedInvoice invoice) => Array.ConvertAll(
        parts, part => part.Amount.Sign < 0 && invoice.Promoted.TryGetValue(part.Identity, out (CreditableLine Billed, CreditedLine Before) line) ? Promoted(part, line.Billed, line.Before) : part);

    private static BilledLine Promoted(BilledLine part, CreditableLine billed, CreditedLine before)
    {
        CreditNoteLine credit = CreditNote.Credit(billed, -part.Amount, before, RoundingMode.HalfAwayFromZero);
        Money beyond = Money.Round(part.Tax.Exact * (Fraction.One + (credit.Amount.Exact / part.Amount.Exact)), part.Tax.Currency);
        return part with { Promotional = -credit.Promotional, Tax = Money.Max(part.Tax, beyond - credit.Tax) };
    }

    private static BilledLine[] Less(IReadOnlyList<BilledLine> lines, IReadOnlyList<BilledLine> done) =>
    [
        .. lines.Zip(done, (line, before) => line with { Amount = line.Amount - before.Amount, Tax = line.Tax - before.Tax })
            .Where(line => !line.Amount.IsZero || !line.Tax.IsZero),
    ];
}
