using System.Text;
using System.Text.Json;

namespace Metering.Billing.Catalog.Documents;

/// <summary>A whole catalogue as canonical JSON: every list is there, each in the order of its keys.</summary>
public static class CatalogWriter
{
    public static byte[] Bytes(CatalogDocument catalog) => CanonicalJson.Bytes(json => WriteLists(json, catalog));

    /// <summary>The lists, into an object that is open.</summary>
    public static void WriteLists(Utf8JsonWriter json, CatalogDocument catalog)
    {
        foreach (ItemKind kind in ItemKind.All)
        {
            CanonicalJson.WriteList(json, kind.Plural, catalog.Items.Where(item => item.Kind == kind), item => WriteEntry(json, item.Key, item.Body));
        }

        CanonicalJson.WriteList(json, PriceBookEntry.Plural, catalog.PriceBooks, book => WriteEntry(json, book.Key, Content(book)));
    }

    /// <summary>What a price book says, without its key.</summary>
    internal static string Content(PriceBookEntry book) => Encoding.UTF8.GetString(CanonicalJson.Bytes(json =>
    {
        json.WriteString("name", book.Name);
        PriceBookWriter.Write(json, book.Version);
    }));

    private static void WriteEntry(Utf8JsonWriter json, string key, string content)
    {
        json.WriteString("key", key);
        using JsonDocument body = JsonDocument.Parse(content);
        foreach (JsonProperty field in body.RootElement.EnumerateObject())
        {
            field.WriteTo(json);
        }
    }
}
