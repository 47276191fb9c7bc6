namespace Metering.Host.Demo;

/// <summary>Who calls which models, and how much they talk: a made-up but likely company of customers.</summary>
internal static class DemoWorld
{
    public const string RequestType = "llm.request";
    public const string TokensType = "llm.tokens";

    public static IReadOnlyList<Weighted> Customers { get; } =
        [new("acme", 38), new("globex", 24), new("initech", 16), new("umbrella", 11), new("hooli", 8), new("stark", 3)];

    public static IReadOnlyList<Model> Models { get; } =
    [
        new("gpt-4o", 34, InputTokens: 900, OutputTokens: 220, LatencyMs: 1900),
        new("claude-sonnet", 30, InputTokens: 2400, OutputTokens: 450, LatencyMs: 2600),
        new("gemini-flash", 21, InputTokens: 700, OutputTokens: 130, LatencyMs: 600),
        new("llama-70b", 15, InputTokens: 350, OutputTokens: 90, LatencyMs: 400),
    ];

    public static IReadOnlyList<string> Gateways { get; } = ["gateway-eu", "gateway-us", "gateway-ap"];

    /// <summary>Bodies of <c>POST /api/v1/meters</c>, made before there is usage.</summary>
    public static IReadOnlyList<string> Meters { get; } =
    [
        """{"slug":"llm_tokens","name":"Tokens","aggregation":"SUM","eventType":"llm.tokens","valueProperty":"$.tokens","groupBy":{"model":"$.model","type":"$.type"}}""",
        """{"slug":"llm_requests","name":"Requests","aggregation":"COUNT","eventType":"llm.request","groupBy":{"model":"$.model"}}""",
        """{"slug":"llm_latency_max","name":"Slowest request, ms","aggregation":"MAX","eventType":"llm.request","valueProperty":"$.latency_ms","groupBy":{"model":"$.model"}}""",
        """{"slug":"llm_models","name":"Models in use","aggregation":"UNIQUE_COUNT","eventType":"llm.request","valueProperty":"$.model"}""",
    ];

    /// <summary>Made after the usage is in: it counts what came before it, too.</summary>
    public const string LaterMeter =
        """{"slug":"llm_tokens_avg","name":"Tokens per prompt or answer","aggregation":"AVG","eventType":"llm.tokens","valueProperty":"$.tokens","groupBy":{"type":"$.type"}}""";

    public static Weighted PickCustomer(Random random) => Pick(Customers, customer => customer.Weight, random);

    public static Model PickModel(Random random) => Pick(Models, model => model.Weight, random);

    private static T Pick<T>(IReadOnlyList<T> choices, Func<T, int> weight, Random random)
    {
        int at = random.Next(choices.Sum(weight));
        foreach (T choice in choices)
        {
            at -= weight(choice);
            if (at < 0)
            {
                return choice;
            }
        }

        return choices[^1];
    }

    internal sealed record Weighted(string Name, int Weight);

    /// <summary>Medians; single calls spread widely around them.</summary>
    internal sealed record Model(string Name, int Weight, int InputTokens, int OutputTokens, int LatencyMs);
}
