namespace Metering.Host.Demo;

/// <summary>What the demo's usage costs: a model each with a charge model of its own, in two versions of one price book.</summary>
internal static class DemoPrices
{
    public const string Book = "demo";
    public const string Plan = "pay-as-you-go";

    public const string Product = """{"name":"LLM gateway"}""";

    public const string First = """
        {"currency":"USD","effective_from":"2024-01-01T00:00:00Z","plans":[{"key":"pay-as-you-go","name":"Pay as you go","product":"gateway","phases":[{"key":"main","components":[
          {"key":"gpt-4o","meter":"llm_tokens","filter":[{"property":"model","values":["gpt-4o"]}],
           "price":{"model":"graduated","tiers":[{"up_to":"1000","unit":"0.01"},{"up_to":null,"unit":"0.006"}],"conversion":{"op":"divide","factor":"1000"}}},
          {"key":"claude-sonnet","meter":"llm_tokens","filter":[{"property":"model","values":["claude-sonnet"]}],
           "price":{"model":"volume","tiers":[{"up_to":"2000","unit":"0.012"},{"up_to":null,"unit":"0.009"}],"conversion":{"op":"divide","factor":"1000"}}},
          {"key":"gemini-flash","meter":"llm_tokens","filter":[{"property":"model","values":["gemini-flash"]}],
           "price":{"model":"package","package_size":"100000","package_price":"0.25"}},
          {"key":"llama-70b","meter":"llm_tokens","filter":[{"property":"model","values":["llama-70b"]}],
           "price":{"model":"matrix","dimensions":["type"],"cells":[
             {"key":{"type":"input"},"component":{"model":"per_unit","unit":"0.0000006"}},{"key":{"type":"output"},"component":{"model":"per_unit","unit":"0.0000018"}}],"unknown":"hold"}},
          {"key":"requests","meter":"llm_requests","price":{"model":"per_unit","unit":"0.0002","allowance":"500","minimum":"1"}}]}]}]}
        """;

    /// <summary>Less for those who use much, no packages, and no minimum.</summary>
    public const string Second = """
        {"currency":"USD","effective_from":"2024-01-01T00:00:00Z","plans":[{"key":"pay-as-you-go","name":"Pay as you go","product":"gateway","phases":[{"key":"main","components":[
          {"key":"gpt-4o","meter":"llm_tokens","filter":[{"property":"model","values":["gpt-4o"]}],
           "price":{"model":"graduated","tiers":[{"up_to":"500","unit":"0.012"},{"up_to":null,"unit":"0.005"}],"conversion":{"op":"divide","factor":"1000"}}},
          {"key":"claude-sonnet","meter":"llm_tokens","filter":[{"property":"model","values":["claude-sonnet"]}],
           "price":{"model":"volume","tiers":[{"up_to":"1000","unit":"0.013"},{"up_to":null,"unit":"0.0085"}],"conversion":{"op":"divide","factor":"1000"}}},
          {"key":"gemini-flash","meter":"llm_tokens","filter":[{"property":"model","values":["gemini-flash"]}],
           "price":{"model":"per_unit","unit":"0.0022","conversion":{"op":"divide","factor":"1000"}}},
          {"key":"llama-70b","meter":"llm_tokens","filter":[{"property":"model","values":["llama-70b"]}],
           "price":{"model":"dynamic","multiplier":"0.0000009"}},
          {"key":"requests","meter":"llm_requests","price":{"model":"per_unit","unit":"0.0003","allowance":"1000"}}]}]}]}
        """;
}
