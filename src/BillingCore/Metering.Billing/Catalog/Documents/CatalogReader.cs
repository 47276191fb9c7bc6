using System.Text;
using System.Text.Json;
using Metering.Billing.Calculator;

namespace Metering.Billing.Catalog.Documents;

/// <summary>Reads a whole catalogue strictly: every problem with the path of its field. A list that is absent is empty.</summary>
public static class CatalogReader
{
    /// <param name="meterOf">A meter by its slug; null when there is none.</param>
    /// <returns>What can be applied when there are no problems; otherwise of no use.</returns>
    public static CatalogDocument Read(JsonElement body, Func<string, MeterFacts?> meterOf, List<Problem> problems)
    {
        JsonFields fields = new(body, "", problems);
        List<CatalogEntry> items = [.. ItemKind.All.SelectMany(kind => ReadItems(fields, kind))];
        HashSet<string> products = [.. items.Where(item => item.Kind == ItemKind.Product).Select(item => item.Key)];
        List<PriceBookEntry> books = fields.Objects(PriceBookEntry.Plural)?.ConvertAll(one => ReadBook(one, meterOf, products)) ?? [];
        fields.Close();
        RefuseRepeats(fields, PriceBookEntry.Plural, books.ConvertAll(book => book.Key));
        CheckFeatures([.. items.Where(item => item.Kind == ItemKind.Feature)], products, meterOf, fields);
        return new CatalogDocument(items, books);
    }

    private static List<CatalogEntry> ReadItems(JsonFields catalog, ItemKind kind)
    {
        List<CatalogEntry> items = catalog.Objects(kind.Plural)?.ConvertAll(fields => new CatalogEntry(kind, fields.Key("key"), Encoding.UTF8.GetString(kind.Read(fields)))) ?? [];
        RefuseRepeats(catalog, kind.Plural, items.ConvertAll(item => item.Key));
        return items;
    }

    private static PriceBookEntry ReadBook(JsonFields fields, Func<string, MeterFacts?> meterOf, IReadOnlySet<string> products)
    {
        string key = fields.Key("key");
        return new PriceBookEntry(key, fields.Name("name") ?? key, PriceBookReader.Read(fields, meterOf, products));
    }

    private static void CheckFeatures(IReadOnlyList<CatalogEntry> features, HashSet<string> products, Func<string, MeterFacts?> meterOf, JsonFields catalog)
    {
        for (int i = 0; i < features.Count; i++)
        {
            using JsonDocument body = JsonDocument.Parse(features[i].Body);
            if (body.RootElement.TryGetProperty("product", out JsonElement product) && !products.Contains(product.GetString()!))
            {
                catalog.Refuse($"{ItemKind.Feature.Plural}[{i}].product", $"there is no product '{product.GetString()}'");
            }

            if (body.RootElement.TryGetProperty("meter", out JsonElement meter) && meterOf(meter.GetString()!) is null)
            {
                catalog.Refuse($"{ItemKind.Feature.Plural}[{i}].meter", $"there is no meter '{meter.GetString()}'");
            }
        }
    }

    private static void RefuseRepeats(JsonFields catalog, string list, List<string> keys)
    {
        HashSet<string> seen = new(StringComparer.Ordinal);
        for (int i = 0; i < keys.Count; i++)
        {
            if (!seen.Add(keys[i]))
            {
                catalog.Refuse($"{list}[{i}].key", $"'{keys[i]}' is used twice");
            }
        }
    }
}
