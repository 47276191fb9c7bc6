using Metering.Billing.Catalog.Documents;

namespace Metering.Billing.Catalog.Samples;

/// <summary>Shows a change of prices in money: each price that is not the same, for a whole period, by the rules that will bill it.</summary>
public static class SampleBills
{
    private readonly record struct Place(string Plan, string Phase, string Component);

    /// <param name="old">Null for a new book: then every price is new.</param>
    public static List<SampleBill> Between(PriceBookEntry? old, PriceBookEntry proposed)
    {
        Dictionary<Place, Component> before = old is null ? [] : ComponentsOf(old.Version);
        Dictionary<Place, Component> after = ComponentsOf(proposed.Version);
        List<SampleBill> bills = [];
        foreach (Place place in after.Keys.Union(before.Keys))
        {
            (Component? was, Component? becomes) = (before.GetValueOrDefault(place), after.GetValueOrDefault(place));
            List<CellKey?> cells = [.. SampledPrice.Cells(becomes).Union(SampledPrice.Cells(was))];
            foreach (CellKey? cell in cells.DefaultIfEmpty())
            {
                (SampledPrice? a, SampledPrice? b) = (SampledPrice.At(was, cell, old?.Version), SampledPrice.At(becomes, cell, proposed.Version));
                bool isSame = a is null ? b is null : a.Charges(b);
                if (!isSame)
                {
                    bills.Add(new SampleBill(proposed.Key, place.Plan, place.Phase, place.Component, cell, a?.Currency, b?.Currency, Rows(a, b)));
                }
            }
        }

        return bills;
    }

    private static Dictionary<Place, Component> ComponentsOf(PriceBookDocument book) =>
        (from plan in book.Plans from phase in plan.Phases from one in phase.Components select (new Place(plan.Key, phase.Key, one.Component.Key), one.Component)).ToDictionary();

    private static List<SampleRow> Rows(SampledPrice? old, SampledPrice? proposed)
    {
        SampledPrice[] sides = [.. new[] { old, proposed }.OfType<SampledPrice>()];
        if (sides.All(side => side.Component.Price is FlatPrice))
        {
            return [new SampleRow(null, null, old?.Rate(Fraction.Zero, 1), proposed?.Rate(Fraction.Zero, 1))];
        }

        SortedSet<Fraction> quantities = [.. sides.SelectMany(side => SampleQuantities.Of(side.Inner))];
        SortedSet<int> counts = [.. sides.SelectMany(side => SampleQuantities.EventCounts(side.Inner))];
        List<SampleRow> rows = [];
        foreach (int? events in counts.Select(count => (int?)count).DefaultIfEmpty())
        {
            rows.AddRange(quantities.Select(quantity => new SampleRow(quantity, events, old?.Rate(quantity, events ?? 1), proposed?.Rate(quantity, events ?? 1))));
        }

        // Where money ends there is nothing to compare.
        rows.RemoveAll(row => (row.Old is null) != (old is null) || (row.New is null) != (proposed is null));
        return rows;
    }
}
