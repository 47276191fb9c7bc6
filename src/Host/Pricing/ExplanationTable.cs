using System.Text.Json;
using Metering.Host.Client;
using Metering.Host.Commands;
using Spectre.Console;

namespace Metering.Host.Pricing;

/// <summary>Every step of a rating as a table, enough to compute it again by hand: the exact amounts of the steps sum to the one that is rounded.</summary>
internal static class ExplanationTable
{
    /// <param name="explanation">As the calculator answers it.</param>
    public static Table Of(JsonElement explanation)
    {
        JsonElement[] steps = [.. explanation.EnumerateArray()];
        bool hasCells = steps.Any(step => step.TryGetProperty("cell", out _));
        Table table = Terminal.NewTable(["step", .. hasCells ? ["cell"] : Array.Empty<string>(), "from", "up to", "quantity", "price", "flat", "exact amount"]);
        foreach (int number in new[] { 7, 6, 5, 4, 3 })
        {
            table.Columns[table.Columns.Count - number + 1].Alignment(number == 4 ? Justify.Left : Justify.Right);
        }

        foreach (JsonElement step in steps)
        {
            string[] cell = hasCells ? [step.TryGetProperty("cell", out JsonElement key) ? CellText.Of(key) : ""] : [];
            table.AddRow([.. Cells(step, cell).Select(Markup.Escape)]);
        }

        return table;
    }

    private static string[] Cells(JsonElement step, string[] cell)
    {
        string kind = JsonText.Member(step, "step");
        string name = kind == "event" && JsonText.Member(step, "id") is { Length: > 0 } id ? $"event {id}" : kind;
        return [name, .. cell, JsonText.Member(step, "from"), UpTo(step), JsonText.Member(step, "quantity"), PriceOf(kind, step), Flat(step), Exact(kind, step)];
    }

    /// <summary>Null is the open tier; only tiers have one.</summary>
    private static string UpTo(JsonElement step) =>
        step.TryGetProperty("up_to", out JsonElement upTo) ? upTo.ValueKind == JsonValueKind.Null ? "∞" : upTo.GetString()! : "";

    private static string Flat(JsonElement step) => step.TryGetProperty("fixed", out JsonElement fee) ? fee.GetString()! : JsonText.Member(step, "flat");

    private static string Exact(string kind, JsonElement step) =>
        kind == "round" ? $"{JsonText.Member(step, "exact")} → {JsonText.Member(step, "amount")}" : kind == "already" ? $"−({JsonText.Member(step, "exact")})" : JsonText.Member(step, "exact");

    private static string PriceOf(string kind, JsonElement step)
    {
        string Field(string name) => JsonText.Member(step, name);
        return kind switch
        {
            "convert" => $"{(Field("op") == "divide" ? "÷" : "×")} {Field("factor")}{(Field("round") == "none" ? "" : $", {Field("round")} to {Field("precision")} places")}",
            "allowance" => $"{Field("allowance")} free",
            "event" => $"{Field("percent")} % after {Field("free")} free",
            "discount" => step.TryGetProperty("percent", out _) ? $"−{Field("percent")} %" : $"−{Field("amount")}",
            "minimum" => $"at least {Field("minimum")}",
            "maximum" => $"at most {Field("maximum")}",
            "round" => Field("rounding"),
            "tier" => Rate(step),
            _ => "",
        };
    }

    private static string Rate(JsonElement step)
    {
        string Field(string name) => JsonText.Member(step, name);
        return step.TryGetProperty("unit", out _) ? $"{Field("unit")} each"
            : step.TryGetProperty("percent", out _) ? $"{Field("percent")} %"
            : step.TryGetProperty("package_size", out _) ? $"{Field("package_price")} per {Field("package_size")}{(Field("partial") == "down" ? ", whole ones" : ", or part")}"
            : step.TryGetProperty("multiplier", out _) ? $"× {Field("multiplier")}"
            : "";
    }
}
