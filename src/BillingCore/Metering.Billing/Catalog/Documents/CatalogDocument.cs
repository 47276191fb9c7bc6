namespace Metering.Billing.Catalog.Documents;

/// <summary>A whole catalogue as one document: everything that is sold, and for how much. Identity is kind and key.</summary>
public sealed class CatalogDocument(IEnumerable<CatalogEntry> items, IEnumerable<PriceBookEntry> priceBooks)
{
    /// <summary>By kind and key.</summary>
    public IReadOnlyList<CatalogEntry> Items { get; } =
        [.. ItemKind.All.SelectMany(kind => items.Where(item => item.Kind == kind).OrderBy(item => item.Key, StringComparer.Ordinal))];

    /// <summary>By key.</summary>
    public IReadOnlyList<PriceBookEntry> PriceBooks { get; } = [.. priceBooks.OrderBy(book => book.Key, StringComparer.Ordinal)];
}

/// <param name="Body">Canonical JSON, without the key.</param>
public sealed record CatalogEntry(ItemKind Kind, string Key, string Body);

/// <param name="Version">What its newest published version says.</param>
public sealed record PriceBookEntry(string Key, string Name, PriceBookDocument Version)
{
    /// <summary>In answers, beside the names of <see cref="ItemKind"/>.</summary>
    public const string Kind = "price_book";

    /// <summary>The list's name in files.</summary>
    public const string Plural = "price_books";
}
