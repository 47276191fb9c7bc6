using System.Text.Json;

namespace Metering.BillingCore.Invoices;

/// <summary>A step of an explanation for people: what was done, with what, at which price, and what came of it.</summary>
internal readonly record struct StepWords(string Name, string Quantity, string Price, string Exact)
{
    /// <param name="step">As the invoice's body has it.</param>
    public static StepWords Of(JsonElement step)
    {
        string Field(string name) => Member(step, name);
        string kind = Field("step");
        return kind switch
        {
            "convert" => new("converted", Field("from"), $"{(Field("op") == "divide" ? "÷" : "×")} {Field("factor")}{(Field("round") == "none" ? "" : $", rounded {Field("round")}")}", Field("quantity")),
            "allowance" => new("allowance", Field("from"), $"{Field("allowance")} free", Field("quantity")),
            "tier" => new(TierName(step), Field("quantity"), Rate(step), Field("exact")),
            "event" => new($"event {Field("id")}".TrimEnd(), Field("quantity"), $"{Field("percent")} % after {Field("free")} free + {Field("fixed")}", Field("exact")),
            "discount" => new("discount", "", step.TryGetProperty("percent", out _) ? $"−{Field("percent")} %" : $"−{Field("amount")}", Field("exact")),
            "minimum" => new("minimum", "", $"at least {Field("minimum")}", Field("exact")),
            "maximum" => new("maximum", "", $"at most {Field("maximum")}", Field("exact")),
            "round" => new("rounded", "", Field("rounding").Replace('_', ' '), $"{Field("exact")} → {Field("amount")}"),
            "already" => new("billed before", "", "", $"−({Field("amount")})"),
            _ => new(kind, "", "", Field("exact")),
        };
    }

    public static string Member(JsonElement element, string name) => element.TryGetProperty(name, out JsonElement value) && value.ValueKind != JsonValueKind.Null
        ? value.ValueKind == JsonValueKind.String ? value.GetString()! : value.GetRawText()
        : "";

    private static string TierName(JsonElement step)
    {
        string upTo = step.TryGetProperty("up_to", out JsonElement end) && end.ValueKind == JsonValueKind.String ? $"to {end.GetString()}" : "and above";
        return $"from {Member(step, "from")} {upTo}";
    }

    private static string Rate(JsonElement step)
    {
        string Field(string name) => Member(step, name);
        string rate = step.TryGetProperty("unit", out _) ? $"{Field("unit")} each"
            : step.TryGetProperty("percent", out _) ? $"{Field("percent")} %"
            : step.TryGetProperty("package_size", out _) ? $"{Field("package_price")} per {Field("package_size")}{(Field("partial") == "down" ? ", whole ones" : ", or part")}"
            : step.TryGetProperty("multiplier", out _) ? $"× {Field("multiplier")}"
            : "";
        return Field("flat") is "0" or "" ? rate : $"{Field("flat")} flat{(rate.Length > 0 ? $" + {rate}" : "")}";
    }
}
