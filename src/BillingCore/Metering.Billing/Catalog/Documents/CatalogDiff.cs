namespace Metering.Billing.Catalog.Documents;

/// <summary>What becomes of one thing when a catalogue becomes another.</summary>
public enum CatalogAction
{
    Created,
    Changed,
    Archived,
    Unchanged,
}

/// <param name="Kind"><c>product</c>, <c>feature</c>, <c>tax_rate</c>, <c>discount</c>, <c>override</c> or <c>price_book</c>.</param>
/// <param name="Fields">Of a change, what changes; otherwise empty.</param>
public sealed record CatalogChange(CatalogAction Action, string Kind, string Key, IReadOnlyList<FieldChange> Fields);

/// <summary>The difference of two catalogues, thing by thing. What the new one lacks is archived.</summary>
public static class CatalogDiff
{
    /// <summary>One for each thing that is in either, by kind and key.</summary>
    public static List<CatalogChange> Between(CatalogDocument old, CatalogDocument proposed) =>
    [
        .. ItemKind.All.SelectMany(kind => Compare(kind.Name, Contents(old, kind), Contents(proposed, kind))),
        .. Compare(PriceBookEntry.Kind, Contents(old), Contents(proposed)),
    ];

    private static Dictionary<string, string> Contents(CatalogDocument catalog, ItemKind kind) =>
        catalog.Items.Where(item => item.Kind == kind).ToDictionary(item => item.Key, item => item.Body, StringComparer.Ordinal);

    private static Dictionary<string, string> Contents(CatalogDocument catalog) => catalog.PriceBooks.ToDictionary(book => book.Key, CatalogWriter.Content, StringComparer.Ordinal);

    private static IEnumerable<CatalogChange> Compare(string kind, Dictionary<string, string> old, Dictionary<string, string> proposed) =>
        old.Keys.Union(proposed.Keys).Order(StringComparer.Ordinal).Select(key => Compare(kind, key, old.GetValueOrDefault(key), proposed.GetValueOrDefault(key)));

    private static CatalogChange Compare(string kind, string key, string? old, string? proposed) =>
        old is null ? new CatalogChange(CatalogAction.Created, kind, key, [])
        : proposed is null ? new CatalogChange(CatalogAction.Archived, kind, key, [])
        : old == proposed ? new CatalogChange(CatalogAction.Unchanged, kind, key, [])
        : new CatalogChange(CatalogAction.Changed, kind, key, JsonDiff.Between(old, proposed));
}
