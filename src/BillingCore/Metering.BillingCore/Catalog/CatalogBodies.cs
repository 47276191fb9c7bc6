using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Metering.Billing.Postgres.Catalog;
using Metering.BillingCore.Http;

namespace Metering.BillingCore.Catalog;

/// <summary>What is stored, on the wire.</summary>
internal static partial class CatalogBodies
{
    /// <summary>Of something that is put: it is part of a URL for ever.</summary>
    /// <exception cref="RefusedException">Not a key.</exception>
    public static string Key(string text) => KeyForm().IsMatch(text)
        ? text
        : throw RefusedException.BadRequest($"'{text}' is no key: 1 to 64 lower-case letters, digits, dots, dashes and underscores, beginning with a letter or a digit.");

    public static void Write(Utf8JsonWriter json, CatalogItem item)
    {
        json.WriteStartObject();
        json.WriteString("key", item.Key);
        WriteFields(json, item.Body);
        Write(json, "created_at", item.CreatedAt);
        Write(json, "updated_at", item.UpdatedAt);
        Write(json, "archived_at", item.ArchivedAt);
        json.WriteEndObject();
    }

    public static void Write(Utf8JsonWriter json, PriceBookRow book)
    {
        json.WriteStartObject();
        json.WriteString("key", book.Key);
        json.WriteString("name", book.Name);
        Write(json, "created_at", book.CreatedAt);
        json.WriteEndObject();
    }

    public static void Write(Utf8JsonWriter json, PriceBookVersion version)
    {
        json.WriteStartObject();
        json.WriteString("price_book", version.Book);
        json.WriteNumber("version", version.Version);
        json.WriteString("state", version.State);
        WriteFields(json, version.Body);
        Write(json, "created_at", version.CreatedAt);
        Write(json, "updated_at", version.UpdatedAt);
        Write(json, "published_at", version.PublishedAt);
        Write(json, "archived_at", version.ArchivedAt);
        json.WriteEndObject();
    }

    private static void WriteFields(Utf8JsonWriter json, string body)
    {
        using JsonDocument document = JsonDocument.Parse(body);
        foreach (JsonProperty property in document.RootElement.EnumerateObject())
        {
            property.WriteTo(json);
        }
    }

    private static void Write(Utf8JsonWriter json, string name, DateTimeOffset? at)
    {
        if (at is { } instant)
        {
            json.WriteString(name, instant.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFF'Z'", CultureInfo.InvariantCulture));
        }
    }

    [GeneratedRegex("^[a-z0-9][a-z0-9._-]{0,63}$")]
    private static partial Regex KeyForm();
}
