using System.Collections.Frozen;
using Metering.Billing.Invoicing;
using Metering.Billing.Periods;

namespace Metering.Billing.Corrections;

/// <summary>Identity of a billed line: its service period and its key.</summary>
public readonly record struct LineIdentity(TimeRange Period, string Key);

/// <summary>What a line costs now, or was issued as: after discounts, bounds and invoice discounts; never credits or payments.</summary>
/// <param name="Amount">Net of either sign.</param>
/// <param name="Tax">With an inclusive rate it is in the amount.</param>
/// <param name="IsTaxInclusive">Whether it is.</param>
public readonly record struct BilledLine(LineIdentity Identity, Money Amount, Money Tax, bool IsTaxInclusive)
{
    public Money Total => IsTaxInclusive ? Amount : Amount + Tax;

    public Money WithoutTax => IsTaxInclusive ? Amount - Tax : Amount;

    /// <summary>A difference, with the tax of the line that it corrects.</summary>
    public static BilledLine Of(AmountCharge difference) => new(
        new LineIdentity(difference.Period, difference.Key), difference.Amount,
        difference.OriginalTax?.Rate is { } rate ? Money.Round(difference.Amount.Exact * rate.Factor, difference.Amount.Currency) : Money.Zero(difference.Amount.Currency),
        difference.OriginalTax?.Rate is { IsInclusive: true });

    /// <summary>Of the amount, what is of promotional grants; of a credit's, below zero as it is.</summary>
    public Money Promotional { get; init; } = Money.Zero(Amount.Currency);
}

/// <summary>An invoice that billed the period, with what is still to credit of it.</summary>
/// <param name="Creditable">Its total for the period before promotional grants, minus the credit notes on it, zero or more.</param>
public readonly record struct IssuedInvoice(string Id, DateTimeOffset IssuedAt, Money Creditable)
{
    /// <summary>What of it can be given to the customer, and not back to promotional grants.</summary>
    public Money Payable { get; init; } = Creditable;

    /// <summary>Lines that promotional grants paid some of, with what was credited of them.</summary>
    public IReadOnlyDictionary<LineIdentity, (CreditableLine Billed, CreditedLine Before)> Promoted { get; init; } = FrozenDictionary<LineIdentity, (CreditableLine, CreditedLine)>.Empty;
}

public enum CorrectionOutcome
{
    /// <summary>Nothing differs.</summary>
    Unchanged,

    /// <summary>Lines differ and their net is zero: recorded only.</summary>
    Recorded,

    /// <summary>Lines on the next invoice, or on one of their own when none is due within 31 days.</summary>
    Charged,

    /// <summary>Credit notes, newest invoice first.</summary>
    Credited,
}

/// <summary>A credit note of a correction: the lines' differences as far as this invoice can bear them.</summary>
public sealed record CorrectionNote(string Invoice, IReadOnlyList<BilledLine> Lines)
{
    /// <summary>What the customer gets.</summary>
    public Money Total => Lines.Aggregate(Money.Zero(Lines[0].Amount.Currency), (sum, line) => sum - line.Total + line.Promotional);
}

/// <param name="Lines">Every difference, in order of its identity's first appearance.</param>
/// <param name="Notes">When credited; they and the rest sum to the lines, amount by amount and, but for what returns to promotional grants, tax by tax.</param>
/// <param name="Rest">What no invoice can bear, and what no note can ask for: lines of the next invoice.</param>
public sealed record Correction(CorrectionOutcome Outcome, IReadOnlyList<BilledLine> Lines, IReadOnlyList<CorrectionNote> Notes, IReadOnlyList<BilledLine> Rest);

/// <summary>
/// Late usage and backdated changes: every line of the period as it is now, minus everything issued under the same identity. The differences
/// are one document by their net. Nothing is ever computed from the late usage alone.
/// </summary>
public static class CorrectionRun
{
    /// <param name="recomputed">Every line of the period; each identity once.</param>
    /// <param name="issued">The lines of all invoices, of earlier corrections, and (negative) of all credit notes for the period.</param>
    /// <param name="invoices">Those that billed the period.</param>
    public static Correction Compute(IReadOnlyList<BilledLine> recomputed, IReadOnlyList<BilledLine> issued, IReadOnlyList<IssuedInvoice> invoices, Currency currency)
    {
        List<BilledLine> lines = Differences(recomputed, issued, currency);
        Money net = lines.Aggregate(Money.Zero(currency), (sum, line) => sum + line.Total);
        return (lines.Count, net.Sign) switch
        {
            (0, _) => new Correction(CorrectionOutcome.Unchanged, lines, [], []),
            (_, 0) => new Correction(CorrectionOutcome.Recorded, lines, [], []),
            (_, > 0) => new Correction(CorrectionOutcome.Charged, lines, [], []),
            _ => CorrectionNotes.Credit(lines, -net, invoices),
        };
    }

    private static List<BilledLine> Differences(IReadOnlyList<BilledLine> recomputed, IReadOnlyList<BilledLine> issued, Currency currency)
    {
        OrderedDictionary<(LineIdentity, bool), BilledLine> differences = [];
        foreach (BilledLine line in recomputed)
        {
            Add(differences, line, currency);
        }

        foreach (BilledLine line in issued)
        {
            Add(differences, line with { Amount = -line.Amount, Tax = -line.Tax }, currency);
        }

        return [.. differences.Values.Where(line => !line.Amount.IsZero || !line.Tax.IsZero)];
    }

    private static void Add(OrderedDictionary<(LineIdentity, bool), BilledLine> differences, BilledLine line, Currency currency)
    {
        Money zero = Money.Zero(currency);
        (LineIdentity, bool) key = (line.Identity, line.IsTaxInclusive);
        BilledLine before = differences.GetValueOrDefault(key, line with { Amount = zero, Tax = zero });
        differences[key] = line with { Amount = before.Amount + line.Amount, Tax = before.Tax + line.Tax };
    }
}
