using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Metering.Host.Client;

namespace Metering.Host.Pricing;

/// <summary>All pages of one simulation. They are of one seal: the first page's.</summary>
/// <param name="body">Writes the fields that all requests have; a seal or customers may be among them.</param>
internal sealed class SimulationPages(MeteringClient client, Action<Utf8JsonWriter> body)
{
    public const string Path = "v1/simulations";

    private const int PageSize = 1000;
    private const int ExplainedPageSize = 100;

    public async IAsyncEnumerable<JsonDocument> ReadAsync(bool explain, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        string? cursor = null;
        long? seal = null;
        int done = 0;
        do
        {
            JsonDocument page = await client.PostAsync(Path, Page(explain, seal, cursor), cancellationToken);
            cursor = page.RootElement.GetProperty("next_cursor").GetString();
            seal = page.RootElement.GetProperty("seal").GetProperty("number").GetInt64();
            done += page.RootElement.GetProperty("items").GetArrayLength();
            yield return page;
            if (cursor is not null)
            {
                await Console.Error.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"{done:N0} customers priced …"));
            }
        }
        while (cursor is not null);
    }

    /// <summary>The request for one customer's steps.</summary>
    public string Explaining(string customer, long seal) => Replace(("customers", json =>
    {
        json.WriteStartArray();
        json.WriteStringValue(customer);
        json.WriteEndArray();
    }), ("explain", json => json.WriteBooleanValue(true)), ("seal", json => json.WriteNumberValue(seal)));

    private string Page(bool explain, long? seal, string? cursor)
    {
        List<(string, Action<Utf8JsonWriter>)> fields =
        [
            ("limit", json => json.WriteNumberValue(explain ? ExplainedPageSize : PageSize)),
            ("explain", json => json.WriteBooleanValue(explain)),
            ("cursor", json => json.WriteStringValue(cursor)),
        ];
        if (seal is { } number)
        {
            fields.Add(("seal", json => json.WriteNumberValue(number)));
        }

        return Replace([.. fields]);
    }

    /// <summary>The body with these fields in place of its own.</summary>
    private string Replace(params (string Name, Action<Utf8JsonWriter> Write)[] fields)
    {
        using JsonDocument given = JsonDocument.Parse(JsonText.Write(json =>
        {
            json.WriteStartObject();
            body(json);
            json.WriteEndObject();
        }));
        return JsonText.Write(json =>
        {
            json.WriteStartObject();
            foreach (JsonProperty field in given.RootElement.EnumerateObject().Where(field => !fields.Any(one => one.Name == field.Name)))
            {
                field.WriteTo(json);
            }

            foreach ((string name, Action<Utf8JsonWriter> write) in fields)
            {
                json.WritePropertyName(name);
                write(json);
            }

            json.WriteEndObject();
        });
    }
}
