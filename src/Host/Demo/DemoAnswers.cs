using System.Globalization;
using System.Text.Json;
using Metering.Host.Client;

namespace Metering.Host.Demo;

/// <summary>What the server answers to the questions whose answers the demo knows.</summary>
internal sealed class DemoAnswers
{
    public required IReadOnlyDictionary<(string Customer, string Model, string Type), decimal> Tokens { get; init; }

    public required IReadOnlyDictionary<(string Customer, string Model), decimal> Requests { get; init; }

    public required IReadOnlyDictionary<string, decimal> SlowestByModel { get; init; }

    public required IReadOnlyDictionary<string, decimal> ModelsByCustomer { get; init; }

    public static async Task<DemoAnswers> ReadAsync(MeteringClient client, CancellationToken cancellationToken) => new()
    {
        Tokens = await QueryAsync(client, "llm_tokens?groupBy=subject&groupBy=model&groupBy=type", row => (Subject(row), Group(row, "model"), Group(row, "type")), cancellationToken),
        Requests = await QueryAsync(client, "llm_requests?groupBy=subject&groupBy=model", row => (Subject(row), Group(row, "model")), cancellationToken),
        SlowestByModel = await QueryAsync(client, "llm_latency_max?groupBy=model", row => Group(row, "model"), cancellationToken),
        ModelsByCustomer = await QueryAsync(client, "llm_models?groupBy=subject", Subject, cancellationToken),
    };

    /// <summary>Every answer that is not what it must be; empty when all are, to the digit.</summary>
    public IReadOnlyList<string> Differences(DemoExpectation expected) =>
    [
        .. Compare("llm_tokens", expected.Tokens, Tokens),
        .. Compare("llm_requests", expected.Requests, Requests),
        .. Compare("llm_latency_max", expected.SlowestByModel, SlowestByModel),
        .. Compare("llm_models", expected.ModelsByCustomer.ToDictionary(entry => entry.Key, entry => (decimal)entry.Value.Count), ModelsByCustomer),
    ];

    private static IEnumerable<string> Compare<TKey>(string meter, IReadOnlyDictionary<TKey, decimal> expected, IReadOnlyDictionary<TKey, decimal> found)
        where TKey : notnull
    {
        foreach (TKey key in expected.Keys.Union(found.Keys))
        {
            decimal should = expected.GetValueOrDefault(key);
            decimal isNow = found.GetValueOrDefault(key);
            if (should != isNow)
            {
                yield return string.Create(CultureInfo.InvariantCulture, $"{meter} {key}: {isNow}, should be {should}");
            }
        }
    }

    private static async Task<Dictionary<TKey, decimal>> QueryAsync<TKey>(
        MeteringClient client, string query, Func<JsonElement, TKey> key, CancellationToken cancellationToken)
        where TKey : notnull
    {
        using JsonDocument answer = await client.GetAsync($"api/v1/meters/{query.Replace("?", "/query?", StringComparison.Ordinal)}", cancellationToken);
        return answer.RootElement.GetProperty("data").EnumerateArray().ToDictionary(key, row => row.GetProperty("value").GetDecimal());
    }

    private static string Subject(JsonElement row) => row.GetProperty("subject").GetString()!;

    private static string Group(JsonElement row, string name) => row.GetProperty("groupBy").GetProperty(name).GetString() ?? "";
}
