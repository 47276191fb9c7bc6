using System.Runtime.CompilerServices;
using System.Text.Json;

namespace Metering.Host.Client;

/// <summary>Lists that the server gives a page at a time: <c>{"items":[…],"next_cursor":…}</c>.</summary>
internal static class Pages
{
    private const string PageSize = "500";

    /// <summary>Every item. Each is valid until the next one is asked for.</summary>
    /// <param name="list">The list, with its filters.</param>
    public static async IAsyncEnumerable<JsonElement> ReadAsync(MeteringClient client, Url list, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        string path = list.With("limit", PageSize).ToString();
        string cursor = "";
        do
        {
            using JsonDocument page = await client.GetAsync(cursor.Length == 0 ? path : $"{path}&cursor={Uri.EscapeDataString(cursor)}", cancellationToken);
            foreach (JsonElement item in page.RootElement.GetProperty("items").EnumerateArray())
            {
                yield return item;
            }

            cursor = JsonText.Member(page.RootElement, "next_cursor");
        }
        while (cursor.Length > 0);
    }
}
