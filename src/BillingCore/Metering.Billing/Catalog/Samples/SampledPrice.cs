using Metering.Billing.Catalog.Documents;
using Metering.Billing.Rating;

namespace Metering.Billing.Catalog.Samples;

/// <summary>One price of one side: a component, or of a matrix the component with one of its cells.</summary>
internal sealed record SampledPrice(Component Component, Currency Currency, RoundingMode Rounding)
{
    private const string AnyValue = "*";

    /// <summary>The price itself, without what a matrix puts around it.</summary>
    public Component Inner => Component.Price is MatrixPrice matrix ? matrix.Cells[0].Component : Component;

    /// <summary>Keys of the cells to look at; the one for values that are not listed comes last.</summary>
    public static IEnumerable<CellKey> Cells(Component? component) => component?.Price is not MatrixPrice matrix ? []
        : matrix.Cells.Select(cell => cell.Key).Concat(matrix.Default is null ? [] : [new CellKey(matrix.Dimensions.Select(name => KeyValuePair.Create(name, AnyValue)))]);

    /// <returns>Null when the component has no price there.</returns>
    public static SampledPrice? At(Component? component, CellKey? cell, PriceBookDocument? book) =>
        component is null || Restricted(component, cell) is not { } restricted ? null : new SampledPrice(restricted, book!.Currency, book.Rounding);

    /// <summary>Whether both charge the same for everything.</summary>
    public bool Charges(SampledPrice? other) => other is not null && Content().AsSpan().SequenceEqual(other.Content());

    /// <param name="events">See <see cref="SampleRow"/>.</param>
    /// <returns>Null when no money can hold the amount.</returns>
    public SampleAmount? Rate(Fraction quantity, int events)
    {
        Usage usage = Inner.Price is PercentagePrice
            ? Usage.OfEvents([.. Enumerable.Repeat(new UsageEvent(quantity / events, null, "", null), events)])
            : Usage.Of(quantity);
        if (Component.Price is MatrixPrice matrix)
        {
            usage = Usage.OfCells([new CellUsage(matrix.Cells[0].Key, usage)]);
        }

        try
        {
            return SampleAmount.Of(Rater.Rate(Component, usage, new RatingTerms(Currency, Rounding, Fraction.One, IsClosing: true), null).Charge);
        }
        catch (OverflowException)
        {
            return null;
        }
    }

    private static Component? Restricted(Component component, CellKey? cell) =>
        component.Price is not MatrixPrice matrix ? component
        : cell is null || !PriceRules.HasDimensions(matrix, cell) || matrix.Find(cell) is not { } found ? null
        : component with { Price = new MatrixPrice(matrix.Dimensions, [new MatrixCell(cell, found)], null) };

    private byte[] Content() => CanonicalJson.Bytes(json =>
    {
        json.WriteString("currency", Currency.Code);
        json.WriteString("rounding", Rounding.Name());
        CatalogJson.WriteComponent(json, Component);
    });
}
