using System.Text.Json;
using Metering.Host.Client;

namespace Metering.Host.Pricing;

/// <summary>The steps of a rating that make its amount, in one line: <c>100 × 0.02 + 12.5 × 0.01</c>.</summary>
internal static class StepText
{
    /// <param name="explanation">As the calculator answers it.</param>
    public static string Of(JsonElement explanation)
    {
        string[] parts = [.. explanation.EnumerateArray().Select(Part).Where(part => part.Length > 0)];
        return parts.Length == 0 ? "nothing" : string.Join(" ", parts).TrimStart('+', ' ');
    }

    private static string Part(JsonElement step)
    {
        string Field(string name) => JsonText.Member(step, name);
        return Field("step") switch
        {
            "tier" when Field("quantity") == "0" && Field("exact") == "0" => "",
            "tier" => $"+ {Tier(step)}",
            "allowance" => $"({Field("allowance")} free)",
            "discount" => $"− {Field("exact").TrimStart('-')}",
            "minimum" when Field("exact") != "0" => $"+ {Field("exact")} up to the minimum",
            "maximum" when Field("exact") != "0" => $"− {Field("exact").TrimStart('-')} down to the maximum",
            _ => "",
        };
    }

    private static string Tier(JsonElement step)
    {
        string Field(string name) => JsonText.Member(step, name);
        string flat = Field("flat") is "0" ? "" : $"{Field("flat")} + ";
        return step.TryGetProperty("unit", out _) ? $"{flat}{Field("quantity")} × {Field("unit")}"
            : step.TryGetProperty("percent", out _) ? $"{flat}{Field("quantity")} × {Field("percent")} %"
            : step.TryGetProperty("package_size", out _) ? $"{flat}{(Field("partial") == "down" ? '⌊' : '⌈')}{Field("quantity")} ÷ {Field("package_size")}{(Field("partial") == "down" ? '⌋' : '⌉')} × {Field("package_price")}"
            : step.TryGetProperty("multiplier", out _) ? $"{Field("quantity")} × {Field("multiplier")}"
            : Field("flat");
    }
}
