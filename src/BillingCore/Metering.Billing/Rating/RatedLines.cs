using Metering.Billing.Catalog;

namespace Metering.Billing.Rating;

public enum LineKind
{
    Usage,
    Discount,
    Minimum,
    Maximum,
}

/// <param name="Cell">Null for a line that is not about a cell.</param>
public readonly record struct RatedLine(LineKind Kind, CellKey? Cell, Money Amount, Fraction Exact);

/// <summary>The stages of a rating as lines: what each stage adds. A shown discount is the difference of two rounded amounts, never a rounded difference.</summary>
internal static class RatedLines
{
    public static string Name(LineKind kind) => kind switch
    {
        LineKind.Usage => "usage",
        LineKind.Discount => "discount",
        LineKind.Minimum => "minimum",
        LineKind.Maximum => "maximum",
    };

    public static List<RatedLine> Of(in BilledStep step)
    {
        List<RatedLine> lines = [];
        RatedCharge charge = step.Total.Charge;
        if (step.Total.Cells is not { } cells)
        {
            Add(lines, null, charge, step.Before, isUsageShown: true);
            return lines;
        }

        RatedCharge nothing = RatedCharge.Nothing(charge.Amount.Net.Currency);
        foreach (RatedCell cell in cells)
        {
            Add(lines, cell.Key, cell.Charge, nothing, isUsageShown: true);
        }

        // The usage of the component is in its cells' lines; what is left of it is what was billed before.
        Stages<Fraction> exact = charge.Exact;
        Stages<Money> amount = charge.Amount;
        RatedCharge above = new(charge.Billable, ShiftedBy(exact, -exact.Gross), ShiftedBy(amount, -amount.Gross));
        Add(lines, null, above, step.Before, isUsageShown: false);
        return lines;
    }

    private static void Add(List<RatedLine> lines, CellKey? cell, in RatedCharge total, in RatedCharge before, bool isUsageShown)
    {
        Stages<Money> amount = Minus(total.Amount, before.Amount);
        Stages<Fraction> exact = Minus(total.Exact, before.Exact);
        Add(lines, new RatedLine(LineKind.Usage, cell, amount.Gross, exact.Gross), isUsageShown);
        Add(lines, new RatedLine(LineKind.Discount, cell, amount.Discounted - amount.Gross, exact.Discounted - exact.Gross), false);
        Add(lines, new RatedLine(LineKind.Minimum, cell, amount.Raised - amount.Discounted, exact.Raised - exact.Discounted), false);
        Add(lines, new RatedLine(LineKind.Maximum, cell, amount.Net - amount.Raised, exact.Net - exact.Raised), false);
    }

    private static void Add(List<RatedLine> lines, RatedLine line, bool isShownAtZero)
    {
        if (isShownAtZero || !line.Amount.IsZero || !line.Exact.IsZero)
        {
            lines.Add(line);
        }
    }

    private static Stages<Money> Minus(in Stages<Money> a, in Stages<Money> b) =>
        new(a.Gross - b.Gross, a.Discounted - b.Discounted, a.Raised - b.Raised, a.Net - b.Net);

    private static Stages<Fraction> Minus(in Stages<Fraction> a, in Stages<Fraction> b) =>
        new(a.Gross - b.Gross, a.Discounted - b.Discounted, a.Raised - b.Raised, a.Net - b.Net);

    private static Stages<Money> ShiftedBy(in Stages<Money> a, Money by) => new(a.Gross + by, a.Discounted + by, a.Raised + by, a.Net + by);

    private static Stages<Fraction> ShiftedBy(in Stages<Fraction> a, Fraction by) => new(a.Gross + by, a.Discounted + by, a.Raised + by, a.Net + by);
}
