using System.Text.Json;
using Metering.BillingCore.Http;

namespace Metering.BillingCore.Catalog;

/// <summary><c>{"items":[…],"next_cursor":…}</c>: null after the last page.</summary>
internal static class Page
{
    public static Answer Of<T>(IReadOnlyList<T> items, int size, Action<Utf8JsonWriter, T> write, Func<T, string> keyOf) => Answer.Json(json =>
    {
        json.WriteStartObject();
        json.WriteStartArray("items");
        foreach (T item in items)
        {
            write(json, item);
        }

        json.WriteEndArray();
        json.WriteString("next_cursor", items.Count < size ? null : BillingRequest.CursorOf(keyOf(items[^1])));
        json.WriteEndObject();
    });
}
