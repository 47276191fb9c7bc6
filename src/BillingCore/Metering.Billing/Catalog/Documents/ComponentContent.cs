using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Metering.Billing.Calculator;

namespace Metering.Billing.Catalog.Documents;

/// <summary>
/// What a component charges, whatever it is called: its price with all that modifies it, what feeds it, when it is charged, how long its period is and how it is prorated.
/// Components with one content are one price, in whatever version they are; so a change that keeps the price keeps the rating scope.
/// </summary>
/// <param name="Price">The name of the content: the first 16 hexadecimal digits of the SHA-256 of <paramref name="Body"/>.</param>
/// <param name="Body">Canonical JSON of the component as a price book has it, without its key and its name.</param>
public sealed record ComponentContent(string Price, string Body)
{
    private const int Digits = 16;

    public static ComponentContent Of(ComponentDocument component)
    {
        byte[] body = CanonicalJson.Bytes(json => PriceBookWriter.WriteContent(json, component));
        return new ComponentContent(Convert.ToHexStringLower(SHA256.HashData(body))[..Digits], Encoding.UTF8.GetString(body));
    }

    /// <summary>The component again.</summary>
    /// <param name="key">Its key in a plan.</param>
    /// <param name="name">For people.</param>
    /// <param name="aggregationOf">Of a meter by its slug. Meters that a price bills are never redefined, so what they are now is what they were.</param>
    /// <exception cref="InvalidDataException">The body is not the content of a component.</exception>
    public ComponentDocument Read(string key, string name, Func<string, MeterAggregation> aggregationOf)
    {
        using JsonDocument body = JsonDocument.Parse(Body);
        List<Problem> problems = [];
        HashSet<string> named = [.. DocumentTexts.Of(body.RootElement)];
        ComponentDocument component = PriceBookReader.ReadContent(new JsonFields(body.RootElement, "", problems), key, name, slug => new MeterFacts(aggregationOf(slug), named));
        return problems.Count == 0 ? component : throw new InvalidDataException($"Price {Price} cannot be read: {problems[0]}");
    }
}
