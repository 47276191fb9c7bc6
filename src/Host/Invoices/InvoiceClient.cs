using System.Runtime.CompilerServices;
using System.Text.Json;
using Metering.Host.Client;

namespace Metering.Host.Invoices;

/// <summary>A server's invoices.</summary>
internal sealed class InvoiceClient(MeteringClient client)
{
    private const string Root = "v1/invoices";

    public Task<JsonDocument> GetAsync(string id, CancellationToken cancellationToken) => client.GetAsync(PathOf(id), cancellationToken);

    public Task<string> PageAsync(string id, CancellationToken cancellationToken) => client.GetTextAsync($"{PathOf(id)}/html?standalone=true", "text/html", cancellationToken);

    public Task<JsonDocument> ExplainAsync(string id, string line, CancellationToken cancellationToken) =>
        client.GetAsync($"{PathOf(id)}/lines/{Uri.EscapeDataString(line)}/explain", cancellationToken);

    /// <summary>The pages of the events that a line counted. Each is valid until the next one is asked for.</summary>
    public async IAsyncEnumerable<JsonElement> EventsAsync(string id, string line, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        string path = $"{PathOf(id)}/lines/{Uri.EscapeDataString(line)}/events?limit=1000";
        string cursor = "";
        do
        {
            using JsonDocument page = await client.GetAsync(cursor.Length == 0 ? path : $"{path}&cursor={Uri.EscapeDataString(cursor)}", cancellationToken);
            yield return page.RootElement;
            cursor = JsonText.Member(page.RootElement, "next_cursor");
        }
        while (cursor.Length > 0);
    }

    /// <summary>Does something to an invoice: <c>payments</c>, <c>void</c> …</summary>
    public Task<JsonDocument> PostAsync(string id, string action, string body, CancellationToken cancellationToken) => client.PostAsync($"{PathOf(id)}/{action}", body, cancellationToken);

    /// <summary>Page by page until there is none, or enough.</summary>
    /// <param name="query">Further parameters.</param>
    public async IAsyncEnumerable<JsonElement> PagesAsync(
        string path, Func<Url, Url> query, int pageSize, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        string cursor = "";
        do
        {
            Url url = query(new Url([.. path.Split('/')])).With("limit", FormattableString.Invariant($"{pageSize}")).With("cursor", cursor);
            using JsonDocument page = await client.GetAsync(url.ToString(), cancellationToken);
            yield return page.RootElement.GetProperty("items");
            cursor = JsonText.Member(page.RootElement, "next_cursor");
        }
        while (cursor.Length > 0);
    }

    private static string PathOf(string id) => $"{Root}/{Uri.EscapeDataString(id)}";
}
