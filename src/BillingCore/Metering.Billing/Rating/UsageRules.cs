using Metering.Billing.Catalog;

namespace Metering.Billing.Rating;

/// <summary>What usage must be to have a price. Usage that fails waits or is repaired; it is never rated as something else.</summary>
public static class UsageRules
{
    /// <summary>All problems, in order of the fields. Empty: the usage can be rated.</summary>
    /// <param name="path">Of the usage's fields: those of <see cref="CellUsage"/> are below <c>cells[i]</c>.</param>
    public static List<Problem> Check(Component component, in Usage usage, Currency currency, string path)
    {
        List<Problem> problems = [];
        CheckUsage(component, usage, currency, new ProblemList(problems, path));
        return problems;
    }

    private static void CheckUsage(Component component, in Usage usage, Currency currency, ProblemList at)
    {
        switch (component.Price)
        {
            case MatrixPrice matrix:
                at.RefuseIf(usage.Cells is null && !usage.IsNone, "cells", "are required: the price is a matrix");
                CheckCells(matrix, usage.Cells ?? [], currency, at);
                return;
            case PercentagePrice:
                at.RefuseIf(usage.Events is null && !usage.IsNone, "events", "are required: the price is of each event");
                break;
            case LicensedPrice licensed:
                at.RefuseNegative("quantity", usage.Quantity);
                at.RefuseIf(!licensed.AllowsParts && !usage.Quantity.IsInteger, "quantity", "must be whole seats");
                break;
        }

        at.RefuseIf(usage.Cells is not null, "cells", "are for a matrix");
        if (usage.Events is { } events)
        {
            at.RefuseIf(events.Count > 0 && !TakesEvents(component.Price), "events", "are for prices of single events or of the events' money");
            CheckEvents(events, currency, at);
        }
    }

    private static bool TakesEvents(Price price) => price switch
    {
        PercentagePrice => true,
        SingleRatePrice single => single.Rate is MultiplierRate,
        TieredPrice tiered => tiered.Tiers.Any(tier => tier.Rate is PercentRate),
        _ => false,
    };

    private static void CheckEvents(IReadOnlyList<UsageEvent> events, Currency currency, ProblemList at)
    {
        for (int i = 0; i < events.Count; i++)
        {
            at.RefuseIf(
                events[i].Currency is { } other && other != currency.Code,
                $"events[{i}].currency",
                $"is {events[i].Currency}, the subscription's is {currency}: it has no price, and nothing is converted");
            at.RefuseIf(events[i].At is null != events[0].At is null, $"events[{i}].at", "must be in all events or in none");
        }
    }

    private static void CheckCells(MatrixPrice matrix, IReadOnlyList<CellUsage> cells, Currency currency, ProblemList at)
    {
        HashSet<CellKey> seen = [];
        for (int i = 0; i < cells.Count; i++)
        {
            ProblemList here = at.At("cells", i);
            if (!PriceRules.HasDimensions(matrix, cells[i].Key))
            {
                here.Refuse("key", $"must have a value for each of {string.Join(", ", matrix.Dimensions)} and no other");
            }
            else if (matrix.Find(cells[i].Key) is { } component)
            {
                CheckUsage(component, cells[i].Usage, currency, here);
            }
            else if (!cells[i].IsEmpty)
            {
                here.Refuse("key", $"held: no cell has a price for {cells[i].Key}, and there is no default");
            }

            here.RefuseIf(!seen.Add(cells[i].Key), "key", "is listed twice");
        }
    }

    /// <summary>Usage as the price looks at it: events serve every price of the same usage, and one that does not look at single events takes their sum.</summary>
    public static Usage Fit(Component component, in Usage usage)
    {
        if (component.Price is MatrixPrice matrix && usage.Cells is { } cells)
        {
            return Usage.OfCells([.. cells.Select(cell => matrix.Find(cell.Key) is { } one ? cell with { Usage = Fit(one, cell.Usage) } : cell)]);
        }

        return usage.Events is not null && component.Price is not PercentagePrice ? Usage.Of(usage.Quantity) : usage;
    }
}
