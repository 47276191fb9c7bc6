using System.Text.Json;
using Metering.Host.Client;
using Metering.Host.Commands;
using Spectre.Console;

namespace Metering.Host.Pricing;

/// <summary>A result of the calculator <c>rate</c> for people.</summary>
internal static class RateTables
{
    public static void Show(JsonElement result, string currency)
    {
        IAnsiConsole console = Terminal.Out();
        console.Write(ExplanationTable.Of(result.GetProperty("explanation")));
        console.Write(LinesTable(result.GetProperty("lines")));
        string already = result.GetProperty("already").GetProperty("amount").GetString()!;
        bool isStep = result.GetProperty("explanation").EnumerateArray().Any(step => JsonText.Member(step, "step") == "already");
        Console.WriteLine($"{(isStep ? $"{result.GetProperty("total").GetProperty("amount").GetString()} in all − {already} already = " : "")}{JsonText.Member(result, "amount")} {currency}");
    }

    /// <summary>What a customer sees: the rounded lines, which sum to the amount.</summary>
    public static Table LinesTable(JsonElement lines)
    {
        Table table = Terminal.NewTable("line", "cell", "exact amount", "amount");
        table.Columns[2].RightAligned();
        table.Columns[3].RightAligned();
        foreach (JsonElement line in lines.EnumerateArray())
        {
            string[] cells = [JsonText.Member(line, "kind"), CellText.Of(line.GetProperty("cell")), JsonText.Member(line, "exact"), JsonText.Member(line, "amount")];
            table.AddRow([.. cells.Select(Markup.Escape)]);
        }

        return table;
    }
}
