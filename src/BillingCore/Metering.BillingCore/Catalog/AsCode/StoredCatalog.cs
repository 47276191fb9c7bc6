using System.Text.Json;
using Metering.Billing;
using Metering.Billing.Catalog;
using Metering.Billing.Catalog.Documents;
using Metering.Billing.Postgres.Catalog;
using Metering.Billing.Postgres.Tenancy;

namespace Metering.BillingCore.Catalog.AsCode;

/// <summary>The catalogue as it is: what is not archived, and of each price book the newest published version.</summary>
internal sealed record StoredCatalog(long Version, CatalogDocument Document)
{
    /// <summary>Reads again when the catalogue changed while it was read: what is returned was there at one moment.</summary>
    public static async Task<StoredCatalog> ReadAsync(TenantTransaction transaction, CancellationToken cancellationToken)
    {
        while (true)
        {
            long version = await CatalogVersion.ReadAsync(transaction, cancellationToken);
            CatalogDocument document = await ReadDocumentAsync(transaction, cancellationToken);
            if (version == await CatalogVersion.ReadAsync(transaction, cancellationToken))
            {
                return new StoredCatalog(version, document);
            }
        }
    }

    private static async Task<CatalogDocument> ReadDocumentAsync(TenantTransaction transaction, CancellationToken cancellationToken)
    {
        Dictionary<string, ItemKind> kinds = ItemKind.All.ToDictionary(kind => kind.Name, StringComparer.Ordinal);
        IReadOnlyList<CatalogItem> items = await CatalogItems.AllAsync(transaction, cancellationToken);
        Dictionary<string, string> names = (await PriceBooks.ListAsync(transaction, null, int.MaxValue, cancellationToken)).ToDictionary(book => book.Key, book => book.Name, StringComparer.Ordinal);
        IReadOnlyList<PriceBookVersion> published = await PriceBooks.PublishedAsync(transaction, cancellationToken);
        return new CatalogDocument(
            items.Select(item => new CatalogEntry(kinds[item.Kind], item.Key, item.Body)),
            published.Select(version => new PriceBookEntry(version.Book, names[version.Book], ReadBook(version))));
    }

    /// <summary>What was published was right then: products and meters that it names count as there. Whether they still are is for the new document to say.</summary>
    public static PriceBookDocument ReadBook(PriceBookVersion version)
    {
        using JsonDocument body = JsonDocument.Parse(version.Body);
        HashSet<string> named = [.. DocumentTexts.Of(body.RootElement)];
        List<Problem> problems = [];
        PriceBookDocument book = PriceBookReader.Read(body.RootElement, _ => new MeterFacts(MeterAggregation.Sum, named), named, problems);
        return problems.Count == 0 ? book : throw new InvalidDataException($"Version {version.Version} of price book '{version.Book}' cannot be read: {problems[0]}");
    }
}
